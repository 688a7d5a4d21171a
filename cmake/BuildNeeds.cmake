# Sets TOXPY_LACKS to one line that says what is missing and names Debian's packages, before CMake would say it in many.
# Lines that begin with a space are left as they are by message().
set(TOXPY_LACKS "")
if(CMAKE_GENERATOR STREQUAL "Unix Makefiles" AND NOT CMAKE_MAKE_PROGRAM)
    find_program(TOXPY_MAKE NAMES gmake make)
    if(NOT TOXPY_MAKE)
        set(TOXPY_LACKS "toxpy cannot be built here, this is missing: make. On Debian: apt-get install make")
    endif()
endif()

# What the interpreter that was found and the machine lack.
function(toxpy_check_needs)
    if(NOT Python3_Interpreter_FOUND)
        set(TOXPY_LACKS "toxpy cannot be built here, this is missing: Python. On Debian: apt-get install python3-dev python3-venv"
            PARENT_SCOPE)
        return()
    endif()
    set(given "CMAKE_COMMAND=${CMAKE_COMMAND}")
    if(CMAKE_C_COMPILER)
        list(APPEND given "CC=${CMAKE_C_COMPILER}")
    endif()
    execute_process(
        COMMAND ${CMAKE_COMMAND} -E env ${given} ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/cbindings/build_needs.py
        RESULT_VARIABLE failed ERROR_VARIABLE line ERROR_STRIP_TRAILING_WHITESPACE)
    if(failed)
        set(TOXPY_LACKS "${line}" PARENT_SCOPE)
    endif()
endfunction()

# A build folder may be configured again with another interpreter: what CMake remembers is of the one before.
function(toxpy_forget_other_python)
    if(NOT "${Python3_EXECUTABLE}" STREQUAL "${TOXPY_LAST_PYTHON}")
        get_cmake_property(names CACHE_VARIABLES)
        list(FILTER names INCLUDE REGEX "^_Python3_|^FIND_PACKAGE_MESSAGE_DETAILS_Python3$")
        foreach(name IN LISTS names)
            unset(${name} CACHE)
        endforeach()
    endif()
    set(TOXPY_LAST_PYTHON "${Python3_EXECUTABLE}" CACHE INTERNAL "The interpreter that this folder was configured with")
endfunction()
