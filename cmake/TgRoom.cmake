# SPDX-License-Identifier: Apache-2.0
# Helpers for the rooms of the house.

# tg_rooms(dir...): adds each directory that has a CMakeLists.txt.
function(tg_rooms)
    foreach(dir IN LISTS ARGN)
        if(EXISTS ${CMAKE_SOURCE_DIR}/${dir}/CMakeLists.txt)
            add_subdirectory(${CMAKE_SOURCE_DIR}/${dir})
        endif()
    endforeach()
endfunction()

# tg_test_rooms(): adds every directory below tests/ (tests/guest apart) that has a CMakeLists.txt. Each is self-contained:
# it does not add_subdirectory() others.
function(tg_test_rooms)
    file(GLOB_RECURSE lists CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*/CMakeLists.txt)
    list(SORT lists)
    foreach(list IN LISTS lists)
        get_filename_component(dir ${list} DIRECTORY)
        file(RELATIVE_PATH rel ${CMAKE_SOURCE_DIR} ${dir})
        if(NOT rel MATCHES "^tests/guest")
            add_subdirectory(${dir})
        endif()
    endforeach()
endfunction()

# tg_add_test(name SOURCES a.c ... LIBS lib ... [LABELS l ...]): a cmocka program registered with CTest under `name`.
function(tg_add_test name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
    string(REPLACE "/" "_" target test_${name})
    add_executable(${target} ${ARG_SOURCES})
    target_link_libraries(${target} PRIVATE ${ARG_LIBS} cmocka m)
    add_test(NAME ${name} COMMAND ${target})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
