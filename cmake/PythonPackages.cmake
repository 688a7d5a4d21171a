# Sets TOXPY_PYTHON: an interpreter of the embedded version that has cffi, pycparser and pynacl. When the
# chosen one lacks them they go into a virtual environment in the build folder; nothing else is touched. Sets
# TOXPY_LACKS if that fails.
set(needs ${CMAKE_CURRENT_SOURCE_DIR}/cbindings/build_needs.py)
execute_process(
    COMMAND ${Python3_EXECUTABLE} ${needs} --modules
    RESULT_VARIABLE missing OUTPUT_QUIET ERROR_VARIABLE lacking ERROR_STRIP_TRAILING_WHITESPACE)
if(NOT missing)
    set(TOXPY_PYTHON ${Python3_EXECUTABLE})
    return()
endif()

# one for each interpreter that this build folder was used with
string(SHA1 name "${Python3_EXECUTABLE} ${Python3_VERSION}")
string(SUBSTRING ${name} 0 8 name)
set(environment ${CMAKE_CURRENT_BINARY_DIR}/python-${name})
set(TOXPY_PYTHON ${environment}/bin/python)
execute_process(
    COMMAND ${TOXPY_PYTHON} ${needs} --modules
    RESULT_VARIABLE missing OUTPUT_QUIET ERROR_QUIET)
if(missing)
    execute_process(COMMAND ${Python3_EXECUTABLE} ${needs} --requirements OUTPUT_VARIABLE wanted
        OUTPUT_STRIP_TRAILING_WHITESPACE)
    message(STATUS "Installing into ${environment}: ${wanted}")
    execute_process(COMMAND ${Python3_EXECUTABLE} -m venv ${environment} RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
    if(NOT failed)
        execute_process(
            COMMAND ${TOXPY_PYTHON} -m pip install --quiet --disable-pip-version-check ${wanted}
            RESULT_VARIABLE failed)
    endif()
    if(failed)
        set(TOXPY_LACKS "${lacking} (or python3-venv, to have them installed into the build folder)")
    endif()
endif()
