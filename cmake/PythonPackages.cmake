# Sets TOXPY_PYTHON: an interpreter of the embedded version that has cffi, pycparser and pynacl. When the
# chosen one lacks them they go into a virtual environment in the build folder; nothing else is touched.
set(needed "import cffi, pycparser, _cffi_backend, nacl._sodium")
execute_process(
    COMMAND ${Python3_EXECUTABLE} -c "${needed}"
    RESULT_VARIABLE missing OUTPUT_QUIET ERROR_QUIET)
if(NOT missing)
    set(TOXPY_PYTHON ${Python3_EXECUTABLE})
    return()
endif()

set(environment ${CMAKE_CURRENT_BINARY_DIR}/python)
set(TOXPY_PYTHON ${environment}/bin/python)
execute_process(
    COMMAND ${TOXPY_PYTHON} -c "${needed}"
    RESULT_VARIABLE missing OUTPUT_QUIET ERROR_QUIET)
if(missing)
    message(STATUS "Installing cffi, pycparser and pynacl into ${environment}")
    execute_process(COMMAND ${Python3_EXECUTABLE} -m venv ${environment} RESULT_VARIABLE failed)
    if(NOT failed)
        execute_process(
            COMMAND ${TOXPY_PYTHON} -m pip install --quiet --disable-pip-version-check
                    "cffi>=1.15" "pycparser>=2.21" "pynacl>=1.5" "setuptools"
            RESULT_VARIABLE failed)
    endif()
    if(failed)
        message(FATAL_ERROR
            "${Python3_EXECUTABLE} has no cffi, pycparser and pynacl, and they could not be installed into "
            "${environment}. Install python3-venv, or give an interpreter that has them with -DPython3_EXECUTABLE.")
    endif()
endif()
