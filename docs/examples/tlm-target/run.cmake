# SPDX-License-Identifier: Apache-2.0
# Runs the example and compares its console with expected.log.
execute_process(COMMAND ${TOLLGATE} run ${BOARD} --mode ${MODE} --kernel ${GUEST} --set library=${LIBRARY} --max-time 1s
    RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE err INPUT_FILE /dev/null)
file(READ ${EXPECTED} expected)
if(NOT status EQUAL 0 OR NOT out STREQUAL expected)
    message(FATAL_ERROR "status ${status}\n--- found\n${out}--- expected\n${expected}--- stderr\n${err}")
endif()
