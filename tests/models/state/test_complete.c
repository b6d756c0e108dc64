/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every member of every model's struct is in a table. A new member without a row makes this fail, by its name. Add the
 * row beside the registers of its model: models/base/state.h says how.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/platform/platform.h"
#include "tests/models/state/cover.h"
#include "tests/models/state/example.h"

static struct types *types;

static int open_types(void **state)
{
    (void)state;
    types = types_open(STATE_OBJECTS);
    return types ? 0 : -1;
}

static int close_types(void **state)
{
    (void)state;
    types_close(types);
    return 0;
}

static void every_class(void **state)
{
    struct complaints c = {0};

    (void)state;
    for (size_t i = 0; i < platform_n_classes; i++)
        cover_class(types, platform_classes[i].cls, &c);
    if (c.n)
        fail_msg("%zu members:\n%s", c.n, c.text);
}

/* ---- and the test itself: classes with one fault each ---- */

static void finds(const struct tg_model_class *cls, const char *text)
{
    struct complaints c = {0};

    cover_class(types, cls, &c);
    if (!text) {
        if (c.n)
            fail_msg("%s", c.text);
    } else {
        assert_string_equal(c.text ? c.text : "", text);
    }
    free(c.text);
}

static void complete(void **state)
{
    (void)state;
    finds(&example_complete, NULL);
}

static void faults(void **state)
{
    (void)state;
    finds(&example_missing, "missing: added: in no table\n");
    finds(&example_nested, "nested: parts.[0].added: in no table\n");
    finds(&example_pointee, "struct pointee_part: added: in no table\n");
    finds(&example_twice, "twice: level: its bytes are level's, too\n");
    finds(&example_wrong, "wrong: level: its row is of a number of 4 bytes\n");
    finds(&example_pointer, "pointer: who: its row saves pointers as bytes\n");
    finds(&example_tableless, "tableless: state: the class has no table of its state\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class),
        cmocka_unit_test(complete),
        cmocka_unit_test(faults),
    };

    return cmocka_run_group_tests(tests, open_types, close_types);
}
