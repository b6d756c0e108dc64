# SPDX-License-Identifier: Apache-2.0
# CTest: the guest programs on QEMU, which stands for the machine they were written for. Label qemu.
find_program(TG_QEMU NAMES qemu-system-aarch64)
find_package(Python3 COMPONENTS Interpreter)
if(NOT TG_QEMU OR NOT Python3_FOUND)
    message(STATUS "qemu-system-aarch64 or python3 not found: tests guest/* are not registered")
    return()
endif()

function(tg_guest_qemu_test name)
    add_test(NAME guest/${name} COMMAND ${Python3_EXECUTABLE} ${TG_GUEST_DIR}/qemu_test.py --qemu ${TG_QEMU}
                                        --out ${TG_GUEST_OUT} ${ARGN})
    set_tests_properties(guest/${name} PROPERTIES LABELS qemu TIMEOUT 180 SKIP_RETURN_CODE 77)
endfunction()

tg_guest_qemu_test(trapbench-el1 trapbench --cpu cortex-a57 --el 1)
tg_guest_qemu_test(trapbench-el2 trapbench --cpu cortex-a57 --el 2)
tg_guest_qemu_test(trapbench-up trapbench --cpu max --el 1 --smp 1)
tg_guest_qemu_test(microvisor-nvhe microvisor --cpu cortex-a57)
tg_guest_qemu_test(microvisor-nvhe-lazy microvisor --cpu cortex-a57 --append "switch=lazy uart=emul")
tg_guest_qemu_test(microvisor-vhe microvisor --cpu max --append vhe=1)
tg_guest_qemu_test(microvisor-up microvisor --cpu max --smp 1 --append "vhe=1 switch=full")
