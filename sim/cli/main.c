/* SPDX-License-Identifier: Apache-2.0 */
/* tollgate: which subcommand is meant. */
#include <stdio.h>
#include <string.h>
#include "sim/cli/cli.h"
#include "sim/platform/platform.h"

static const struct {
    const char *name, *help;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"run", "run a platform with a kernel or firmware", cli_run},
    {"report", "print what the exits of a run cost", cli_report},
    {"describe", "parameters, registers, counters and ports of a model, parameters of a core", cli_describe},
    {"list", "platforms, cores, models", cli_list},
};

static int help(void)
{
    printf("usage: tollgate COMMAND ...\n\n"
           "A cycle-approximate simulator of Arm systems-on-chip that accounts for each crossing between "
           "exception levels.\n\n"
           "commands:\n");
    for (size_t i = 0; i < TG_ARRAY_SIZE(commands); i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].help);
    printf("\n'tollgate COMMAND --help' shows a command's options.\n\n"
           "exit status:\n"
           "  0  the guest powered off, or the stop that was asked for was reached\n"
           "  2  an error in the command line, a platform, a file\n"
           "  3  the guest made no progress any more: reset loop, undefined-instruction loop, all PEs asleep "
           "for ever\n"
           "  4  a bug of tollgate\n");
    return CLI_OK;
}

int main(int argc, char **argv)
{
    const char *names[TG_ARRAY_SIZE(commands)], *near;

    if (argc < 2)
        return cli_complain("a command is missing: one of run, report, describe, list; see tollgate --help");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return help();
    if (!strcmp(argv[1], "--version")) {
        printf("tollgate " TG_VERSION "\n");
        return CLI_OK;
    }
    for (size_t i = 0; i < TG_ARRAY_SIZE(commands); i++) {
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
        names[i] = commands[i].name;
    }
    if (argv[1][0] == '-')
        return cli_complain("unknown option '%s'; see tollgate --help", argv[1]);
    near = platform_nearest(argv[1], names, TG_ARRAY_SIZE(names));
    return cli_complain("unknown command '%s'%s%s%s", argv[1], near ? "; the nearest known one is '" : "",
                        near ? near : "", near ? "'" : "; see tollgate --help");
}
