# SPDX-License-Identifier: Apache-2.0
# CTest: the device tree code natively (label unit); the guest programs on QEMU, which stands for the machine they were
# written for (label qemu).
if(COMMAND tg_add_test)
    tg_add_test(guest/fdt SOURCES ${TG_GUEST_DIR}/test_fdt.c ${TG_GUEST_DIR}/lib/fdt.c ${TG_GUEST_DIR}/lib/fdtw.c
                                  ${TG_GUEST_DIR}/lib/guest_dt.c
                LIBS fdt LABELS unit)
endif()

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
tg_guest_qemu_test(trapbench-gicv2 trapbench --cpu cortex-a57 --el 1 --gic 2)
tg_guest_qemu_test(selftest-gicv2 selftest --cpu cortex-a57 --gic 2)
tg_guest_qemu_test(selftest-el1 selftest --cpu max --el 1)
tg_guest_qemu_test(selftest-nvhe selftest --cpu cortex-a57)
tg_guest_qemu_test(selftest-vhe selftest --cpu max --append vhe=1)
tg_guest_qemu_test(selftest-up selftest --cpu cortex-a72 --smp 1)
tg_guest_qemu_test(microvisor-nvhe microvisor --cpu cortex-a57)
tg_guest_qemu_test(microvisor-nvhe-lazy microvisor --cpu cortex-a57 --append "switch=lazy uart=emul")
tg_guest_qemu_test(microvisor-vhe microvisor --cpu max --append vhe=1)
tg_guest_qemu_test(microvisor-up microvisor --cpu max --smp 1 --append "vhe=1 switch=full")

# KVM on Debian's kernel; with what scripts/guests fetched, else reported as skipped.
function(tg_guest_kvm_test name)
    add_test(NAME guest/${name} COMMAND ${Python3_EXECUTABLE} ${TG_GUEST_DIR}/kvm_test.py --qemu ${TG_QEMU}
                                        --out ${TG_GUEST_OUT} --root ${TG_GUEST_DIR}/../.. ${ARGN})
    set_tests_properties(guest/${name} PROPERTIES LABELS "qemu;kvm" TIMEOUT 600 SKIP_RETURN_CODE 77)
endfunction()

tg_guest_kvm_test(kvm-trapbench-vhe --cpu neoverse-n1 trapbench)
tg_guest_kvm_test(kvm-trapbench-nvhe --cpu cortex-a57 --mode "[hH]yp" trapbench)
tg_guest_kvm_test(kvm-trapbench-protected --cpu neoverse-n1 --mode "Protected nVHE" --append kvm-arm.mode=protected
                  trapbench)
tg_guest_kvm_test(kvm-trapbench-612 --cpu neoverse-n1 --kernel k612 trapbench)
tg_guest_kvm_test(kvm-trapbench-612-16k --cpu max,sve=off,pauth-impdef=on --kernel k612-16k trapbench)
tg_guest_kvm_test(kvm-selftest --cpu neoverse-n1 selftest)
tg_guest_kvm_test(kvm-errors --cpu neoverse-n1 errors)
tg_guest_kvm_test(kvm-linux --cpu neoverse-n1 linux)
tg_guest_kvm_test(kvm-trapbench-gicv2 --cpu cortex-a57 --mode "[hH]yp" --gic 2 trapbench)
tg_guest_kvm_test(kvm-linux-gicv2 --cpu cortex-a57 --mode "[hH]yp" --gic 2 linux)
