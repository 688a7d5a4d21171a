/* A CPython extension that calls libtoxcore with the interpreter's lock held, and uses it in callbacks, as bindings made
 * with Cython or pybind11 do. What a callback raises is pending when the call returns. */
#include <Python.h>

#include <tox/tox.h>

static PyObject *hook; /* called with the name of the callback and a number */

static void call_hook(const char *name, long number)
{
    if (hook != NULL) {
        Py_XDECREF(PyObject_CallFunction(hook, "sl", name, number));
    }
}

static void on_status(Tox *tox, Tox_Connection status, void *user_data)
{
    (void)tox, (void)user_data;
    call_hook("status", (long)status);
}

static void on_log(Tox *tox, Tox_Log_Level level, const char *file, uint32_t line, const char *func,
                   const char *message, void *user_data)
{
    (void)tox, (void)file, (void)line, (void)func, (void)message, (void)user_data;
    call_hook("log", (long)level);
}

/* NULL with the pending exception, else None. */
static PyObject *none(void)
{
    if (PyErr_Occurred() != NULL) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static Tox *tox_of(PyObject *number)
{
    return (Tox *)PyLong_AsVoidPtr(number);
}

static PyObject *set_hook(PyObject *self, PyObject *callable)
{
    (void)self;
    Py_XSETREF(hook, Py_NewRef(callable));
    return none();
}

static PyObject *new(PyObject *self, PyObject *log)
{
    (void)self;
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    if (PyObject_IsTrue(log)) {
        tox_options_set_log_callback(options, on_log);
    }
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    tox_callback_self_connection_status(tox, on_status);
    return PyErr_Occurred() != NULL ? NULL : PyLong_FromVoidPtr(tox);
}

static PyObject *bootstrap(PyObject *self, PyObject *args)
{
    (void)self;
    PyObject *from, *to;
    if (!PyArg_ParseTuple(args, "OO", &from, &to)) {
        return NULL;
    }
    uint8_t key[TOX_DHT_ID_SIZE];
    tox_self_get_dht_id(tox_of(to), key);
    tox_bootstrap(tox_of(from), "127.0.0.1", tox_self_get_udp_port(tox_of(to), NULL), key, NULL);
    return none();
}

static PyObject *iterate(PyObject *self, PyObject *tox)
{
    (void)self;
    tox_iterate(tox_of(tox), NULL);
    return none();
}

static PyObject *kill(PyObject *self, PyObject *tox)
{
    (void)self;
    tox_kill(tox_of(tox));
    return none();
}

/* Calls while an exception is pending, which must stay and must not disturb them: the name that was set comes back. */
static PyObject *pending(PyObject *self, PyObject *number)
{
    (void)self;
    Tox *tox = tox_of(number);
    char name[TOX_MAX_NAME_LENGTH + 1] = {0};
    PyErr_SetString(PyExc_KeyError, "pending");
    bool done = tox_self_set_name(tox, (const uint8_t *)"name", 4, NULL);
    tox_iterate(tox, NULL);
    tox_self_get_name(tox, (uint8_t *)name);
    struct Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    Tox *other = tox_new(options, NULL);
    tox_options_free(options);
    uint8_t hash[TOX_HASH_LENGTH];
    done = done && other != NULL && tox_iteration_interval(other) != 0 && tox_hash(hash, hash, sizeof hash)
           && tox_self_get_name_size(other) == 0;
    tox_kill(other);
    if (!done || strcmp(name, "name") != 0) {
        PyErr_SetString(PyExc_AssertionError, "a call failed");
    }
    return none();
}

static PyMethodDef methods[] = {
    {"set_hook", set_hook, METH_O, NULL},
    {"new", new, METH_O, NULL},
    {"bootstrap", bootstrap, METH_VARARGS, NULL},
    {"iterate", iterate, METH_O, NULL},
    {"kill", kill, METH_O, NULL},
    {"pending", pending, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "gilhost", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_gilhost(void)
{
    return PyModule_Create(&module);
}
