# SPDX-License-Identifier: Apache-2.0
#
# tg_guest_program(NAME name SOURCES a.c b.S ... [EL 1|2] [DEFINES X=Y ...] [DEPENDS file ...])
#
# A bare-metal AArch64 program on the runtime of tests/guest/lib: produces ${CMAKE_BINARY_DIR}/guest/name.elf (with debug
# information) and name.img (a Linux arm64 Image that can be loaded at any 2 MiB-aligned address, by Tollgate, QEMU's
# -kernel, minivmm), and adds them to the target `guests`; its own target is guest_<name>. The program defines
# `int rt_program(void)` (lib/rt.h).
#   EL 1 (default)  entered at EL2 the runtime drops to EL1
#   EL 2            stays where it is entered: EL2, or EL1 when there is no EL2 (rt.el says)
#   DEFINES         preprocessor definitions; DEPENDS: files that the sources include by other means than #include
# May be called from any CMakeLists.txt that is read after tests/guest; relative SOURCES are relative to the caller.
set(TG_GUEST_CFLAGS
    -std=gnu17 -O2 -g -Wall -Wextra -Werror -Wmissing-prototypes
    -march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics
    -ffreestanding -fpie -fvisibility=hidden -fno-stack-protector -fno-asynchronous-unwind-tables
    -fno-tree-loop-distribute-patterns -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
    CACHE INTERNAL "")
set(TG_GUEST_LDFLAGS
    -nostdlib -static-pie -ffunction-sections -fdata-sections -Wl,--gc-sections
    -Wl,--no-dynamic-linker -Wl,--build-id=none -Wl,-z,norelro -Wl,-z,noexecstack
    -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments
    CACHE INTERNAL "")

function(tg_guest_program)
    cmake_parse_arguments(ARG "" "NAME;EL" "SOURCES;DEFINES;DEPENDS" ${ARGN})
    if(NOT ARG_EL)
        set(ARG_EL 1)
    endif()
    set(lib ${TG_GUEST_DIR}/lib)
    set(runtime ${lib}/start.S ${lib}/vectors.S ${lib}/rt.c ${lib}/print.c ${lib}/mmu.c ${lib}/gic.c ${lib}/gicv2.c ${lib}/fdt.c
                ${lib}/fdtw.c ${lib}/guest_dt.c)
    set(sources)
    set(dirs)
    foreach(source IN LISTS ARG_SOURCES)
        get_filename_component(source ${source} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
        get_filename_component(dir ${source} DIRECTORY)
        list(APPEND sources ${source})
        list(APPEND dirs ${dir})
    endforeach()
    list(REMOVE_DUPLICATES dirs)
    set(headers)
    foreach(dir IN LISTS dirs lib)
        file(GLOB found CONFIGURE_DEPENDS ${dir}/*.h)
        list(APPEND headers ${found})
    endforeach()
    file(GLOB found CONFIGURE_DEPENDS ${lib}/*.h ${lib}/*.inc)
    list(APPEND headers ${found})
    list(TRANSFORM ARG_DEFINES PREPEND -D OUTPUT_VARIABLE defines)
    set(elf ${TG_GUEST_OUT}/${ARG_NAME}.elf)
    set(img ${TG_GUEST_OUT}/${ARG_NAME}.img)
    add_custom_command(
        OUTPUT ${elf} ${img}
        COMMAND ${TG_AARCH64_GCC} ${TG_GUEST_CFLAGS} -DRT_EL=${ARG_EL} ${defines} -I${lib} ${TG_GUEST_LDFLAGS}
                -Wl,-T,${lib}/image.lds ${runtime} ${sources} -o ${elf}
        COMMAND ${TG_AARCH64_OBJCOPY} -O binary ${elf} ${img}
        DEPENDS ${runtime} ${sources} ${headers} ${lib}/image.lds ${ARG_DEPENDS}
        COMMENT "guest program ${ARG_NAME}"
        VERBATIM)
    add_custom_target(guest_${ARG_NAME} DEPENDS ${elf} ${img})
    add_dependencies(guests guest_${ARG_NAME})
endfunction()
