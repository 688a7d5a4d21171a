/* Starts the interpreter inside a host program that may be anything.
 *
 * cffi's own start would look Python up through $PATH and read the host's environment, so
 * Python already runs, isolated, when cffi is asked to start. The site folder with toxpy
 * is found from the library's own place, the standard library from libpython's, so that a
 * moved prefix and an empty environment work.
 */
#define _GNU_SOURCE
#include <Python.h>

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "library.h"

#define SITE_NAME "toxpy-site"

enum { ENOUGH_PIPES = 4 };

static char site_dir[PATH_MAX + sizeof(SITE_NAME) + 1];
static char home_dir[PATH_MAX]; /* empty when no standard library was found near libpython */

static void cut_last_part(char *path)
{
    char *slash = strrchr(path, '/');
    *(slash != NULL ? slash : path) = '\0';
}

static bool find_site(void)
{
    Dl_info info;
    char place[PATH_MAX];
    if (dladdr((void *)(uintptr_t)&find_site, &info) == 0 || realpath(info.dli_fname, place) == NULL) {
        return false;
    }
    cut_last_part(place);
    snprintf(site_dir, sizeof site_dir, "%s/" SITE_NAME, place);
    if (access(site_dir, R_OK | X_OK) != 0) {
        fprintf(stderr, "libtoxcore: the folder %s is missing: the installation is incomplete\n", site_dir);
        return false;
    }
    return true;
}

/* Make libpython's symbols visible to extension modules, which a host that opened us RTLD_LOCAL hides;
 * and find the standard library, up to three folders above libpython (multiarch folders). */
static void find_python(void)
{
    Dl_info info;
    char place[PATH_MAX], probe[PATH_MAX + 64];
    if (dladdr((void *)(uintptr_t)&Py_IsInitialized, &info) == 0 || info.dli_fname == NULL) {
        return;
    }
    dlopen(info.dli_fname, RTLD_LAZY | RTLD_GLOBAL | RTLD_NOLOAD);
    if (realpath(info.dli_fname, place) == NULL) {
        return;
    }
    cut_last_part(place);
    for (int level = 0; level < 3; level++) {
        cut_last_part(place);
        snprintf(probe, sizeof probe, "%s/lib/python%d.%d/os.py", place, PY_MAJOR_VERSION, PY_MINOR_VERSION);
        if (access(probe, R_OK) == 0) {
            strcpy(home_dir, place);
            return;
        }
    }
}

static PyStatus add_path(PyConfig *config, const char *folder)
{
    wchar_t *wide = Py_DecodeLocale(folder, NULL);
    if (wide == NULL) {
        return PyStatus_NoMemory();
    }
    PyStatus status = PyWideStringList_Append(&config->module_search_paths, wide);
    PyMem_RawFree(wide);
    return status;
}

static PyStatus set_paths(PyConfig *config)
{
    char executable[PATH_MAX + 16], library[PATH_MAX + 32], dynload[PATH_MAX + 48];
    snprintf(executable, sizeof executable, "%s/bin/python3", home_dir);
    snprintf(library, sizeof library, "%s/lib/python%d.%d", home_dir, PY_MAJOR_VERSION, PY_MINOR_VERSION);
    snprintf(dynload, sizeof dynload, "%s/lib-dynload", library);

    struct {
        wchar_t **field;
        const char *text;
    } strings[] = {
        {&config->program_name, executable},
        {&config->executable, executable},
        {&config->base_executable, executable},
        {&config->home, home_dir},
        {&config->prefix, home_dir},
        {&config->exec_prefix, home_dir},
        {&config->base_prefix, home_dir},
        {&config->base_exec_prefix, home_dir},
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        PyStatus status = PyConfig_SetBytesString(config, strings[i].field, strings[i].text);
        if (PyStatus_Exception(status)) {
            return status;
        }
    }
    config->module_search_paths_set = 1;
    const char *folders[] = {site_dir, library, dynload};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        PyStatus status = add_path(config, folders[i]);
        if (PyStatus_Exception(status)) {
            return status;
        }
    }
    return PyStatus_Ok();
}

static bool start_python(void)
{
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    before.configure_locale = 0;
    PyStatus status = Py_PreInitialize(&before);

    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.install_signal_handlers = 0;
    config.site_import = 0;
    config.write_bytecode = 0;
    config.pathconfig_warnings = 0;
    config.configure_c_stdio = 0;
    config.user_site_directory = 0;
    if (!PyStatus_Exception(status)) {
        status = set_paths(&config);
    }
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status)) {
        fprintf(stderr, "libtoxcore: Python did not start: %s\n",
                status.err_msg != NULL ? status.err_msg : "unknown");
        return false;
    }
    PyEval_SaveThread();
    return true;
}

/* fork() in a host with several threads: hold the GIL across it, or the child inherits it locked by nobody. */
static __thread PyGILState_STATE fork_state;

static void before_fork(void)
{
    fork_state = PyGILState_Ensure();
    PyOS_BeforeFork();
}

static void after_fork_parent(void)
{
    PyOS_AfterFork_Parent();
    PyGILState_Release(fork_state);
}

static void after_fork_child(void)
{
    PyOS_AfterFork_Child();
    PyGILState_Release(fork_state);
}

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#define WANTED_VERSION TEXT(PY_MAJOR_VERSION) "." TEXT(PY_MINOR_VERSION) "."

static bool version_fits(void)
{
    return strncmp(Py_GetVersion(), WANTED_VERSION, strlen(WANTED_VERSION)) == 0;
}

/* The host process is Python, or embeds it: use its interpreter if it is ours in version. */
static bool join_host_python(void)
{
    if (!version_fits()) {
        const char *found = Py_GetVersion();
        fprintf(stderr, "libtoxcore: the host program runs Python %.*s, this library needs %sx\n",
                (int)strcspn(found, " "), found, WANTED_VERSION);
        return false;
    }
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *path = PySys_GetObject("path");
    PyObject *folder = PyUnicode_DecodeFSDefault(site_dir);
    /* appended: the host's own packages come first */
    bool ok = path != NULL && folder != NULL && PyList_Check(path)
              && (PySequence_Contains(path, folder) == 1 || PyList_Append(path, folder) == 0);
    Py_XDECREF(folder);
    PyErr_Clear();
    PyGILState_Release(state);
    return ok;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool ready;
static bool ours;

bool toxpy_owns_python(void)
{
    return ours;
}

static void boot_once(void)
{
    if (!find_site()) {
        return;
    }
    find_python();
    ours = !Py_IsInitialized();
    toxpy_host_is_python = !ours;
    if (ours && home_dir[0] == '\0') {
        fprintf(stderr, "libtoxcore: no standard library of Python %d.%d near libpython\n", PY_MAJOR_VERSION,
                PY_MINOR_VERSION);
        return;
    }
    if (!(ours ? start_python() : join_host_python()) || toxpy_start_module() != 0) {
        return;
    }
    if (ours) {
        /* a host that is Python forks through os.fork, which does this itself */
        pthread_atfork(before_fork, after_fork_parent, after_fork_child);
    }
    atomic_store(&ready, true);
}

/* A start that fails half-way cannot be tried again, and one without descriptors to read modules with does. */
static bool enough_files(void)
{
    int pipes[ENOUGH_PIPES][2], made = 0;
    while (made < ENOUGH_PIPES && pipe(pipes[made]) == 0) {
        made++;
    }
    for (int i = 0; i < made; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    return made == ENOUGH_PIPES;
}

bool toxpy_boot(void)
{
    if (atomic_load(&ready)) {
        return true;
    }
    static atomic_bool tried;
    if (!atomic_load(&tried)) {
        if (!enough_files()) {
            return false;
        }
        atomic_store(&tried, true);
    }
    /* who starts us needs the GIL, so that no thread may wait for it with the GIL in its hand; and the caller's
     * exception is none of what is imported */
    if (Py_IsInitialized() && version_fits() && PyGILState_Check()) {
        PyObject *type, *value, *trace;
        PyErr_Fetch(&type, &value, &trace);
        PyThreadState *thread = PyEval_SaveThread();
        pthread_once(&once, boot_once);
        PyEval_RestoreThread(thread);
        PyErr_Restore(type, value, trace);
    } else {
        pthread_once(&once, boot_once);
    }
    return atomic_load(&ready);
}
