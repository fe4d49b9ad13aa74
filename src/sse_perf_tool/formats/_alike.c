/* Events that differ from the one before in their text alone, many at once.

   Theory.  Nearly every read of an answer is one event that is the same document as the one before with another text:
   see shape.py, which finds out what stands before and behind that text and says why nothing else has to be read.  In
   Python such a read costs a dozen calls.  Here the reads of an answer, as the wire has queued them, are gone through
   from the first: one that is such an event gives its text and its time, and the first that is anything else ends it.

   A read may be framed as one chunk of HTTP/1.1 (RFC 9112, section 7.1), which is taken off: its size, a line end, the
   event, a line end, and nothing else.  A chunk that is cut, two in one read, an extension behind the size: all of that
   is left to Python, as is a text with anything that JSON escapes, that is no UTF-8, or that cannot be printed.  So this
   file knows of no error, and takes fewer reads than Python would, never others.

   There is nothing to lock and nothing kept: `take` is a function of its arguments alone. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <string.h>

enum { API = 1 }; /* raised with each change of what Python sees; shape.py takes no other */
enum { MOST_DIGITS = 7, ASCII = 0x80, SPACE = 0x20, DELETE = 0x7f };

typedef struct {
    const char *at;
    Py_ssize_t size;
} Bytes;

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes the frame off a read that is one whole chunk; false when it is not. */
static bool unframe(Bytes *data) {
    Py_ssize_t size = 0, at = 0;
    for (; at < data->size && at <= MOST_DIGITS; at++) {
        int digit = digit_of(data->at[at]);
        if (digit < 0)
            break;
        size = size * 16 + digit;
    }
    const char *end = data->at + data->size - 2;
    if (at == 0 || at > MOST_DIGITS || data->size != at + 2 + size + 2)
        return false;
    if (memcmp(data->at + at, "\r\n", 2) != 0 || memcmp(end, "\r\n", 2) != 0)
        return false;
    *data = (Bytes){data->at + at + 2, size};
    return true;
}

/* Cuts an event down to its text; false when it is not of that shape. */
static bool cut(Bytes *event, Bytes before, Bytes behind) {
    Py_ssize_t size = event->size - before.size - behind.size;
    if (size <= 0 || memcmp(event->at, before.at, (size_t)before.size) != 0 ||
        memcmp(event->at + event->size - behind.size, behind.at, (size_t)behind.size) != 0)
        return false;
    *event = (Bytes){event->at + before.size, size};
    return true;
}

static bool is_printable(PyObject *text) {
    int kind = PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    for (Py_ssize_t at = 0, size = PyUnicode_GET_LENGTH(text); at < size; at++)
        if (!Py_UNICODE_ISPRINTABLE(PyUnicode_READ(kind, data, at)))
            return false;
    return true;
}

/* A new reference to the text; NULL without an error when it wants a closer look. */
static PyObject *text_of(Bytes raw) {
    bool ascii = true;
    for (Py_ssize_t at = 0; at < raw.size; at++) {
        unsigned char c = (unsigned char)raw.at[at];
        if (c < SPACE || c == DELETE || c == '"' || c == '\\')
            return NULL;
        ascii = ascii && c < ASCII;
    }
    PyObject *text = PyUnicode_DecodeUTF8(raw.at, raw.size, NULL);
    if (text == NULL) {
        if (PyErr_ExceptionMatches(PyExc_UnicodeDecodeError))
            PyErr_Clear();
        return NULL;
    }
    if (ascii || is_printable(text))
        return text;
    Py_DECREF(text);
    return NULL;
}

static bool append_number(PyObject *list, Py_ssize_t value) {
    PyObject *number = PyLong_FromSsize_t(value);
    bool added = number != NULL && PyList_Append(list, number) == 0;
    Py_XDECREF(number);
    return added;
}

/* What was found: one time and one text for each event, and three numbers as `lumps_of` takes them. */
typedef struct {
    PyObject *times, *notes, *texts;
    Py_ssize_t body_bytes; /* of the answer, up to here */
} Found;

static bool note(Found *found, PyObject *arrived_ns, Bytes event, PyObject *text) {
    found->body_bytes += event.size;
    return PyList_Append(found->texts, text) == 0 && PyList_Append(found->times, arrived_ns) == 0 &&
           append_number(found->notes, 1) && append_number(found->notes, found->body_bytes) && append_number(found->notes, 1);
}

/* 1: the read was taken, 0: it wants a closer look, -1: an error. */
static int take_one(PyObject *read, bool framed, Bytes before, Bytes behind, Found *found) {
    if (!PyTuple_CheckExact(read) || PyTuple_GET_SIZE(read) != 2 || !PyBytes_CheckExact(PyTuple_GET_ITEM(read, 1)))
        return 0;
    PyObject *data = PyTuple_GET_ITEM(read, 1);
    Bytes event = {PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data)};
    if (framed && !unframe(&event))
        return 0;
    Bytes raw = event;
    if (!cut(&raw, before, behind))
        return 0;
    PyObject *text = text_of(raw);
    if (text == NULL)
        return PyErr_Occurred() ? -1 : 0;
    bool noted = note(found, PyTuple_GET_ITEM(read, 0), event, text);
    Py_DECREF(text);
    return noted ? 1 : -1;
}

/* The lists of what was found; NULL with an error. */
static PyObject *take_all(PyObject *reads, Py_ssize_t first, Py_ssize_t most, bool framed, Bytes before, Bytes behind, Found *found) {
    int one = 1;
    for (Py_ssize_t taken = 0; one == 1 && taken < most && first + taken < PyList_GET_SIZE(reads); taken++) {
        PyObject *read = Py_NewRef(PyList_GET_ITEM(reads, first + taken));
        one = take_one(read, framed, before, behind, found);
        Py_DECREF(read);
    }
    return one < 0 ? NULL : PyTuple_Pack(3, found->times, found->notes, found->texts);
}

static PyObject *take(PyObject *module, PyObject *args) {
    PyObject *reads, *all = NULL;
    Py_ssize_t first, most;
    int framed;
    Bytes before, behind;
    Found found;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!nnpy#y#n", &PyList_Type, &reads, &first, &most, &framed, &before.at, &before.size, &behind.at,
                          &behind.size, &found.body_bytes))
        return NULL;
    if (first < 0) {
        PyErr_SetString(PyExc_ValueError, "reads are counted from 0");
        return NULL;
    }
    found.times = PyList_New(0);
    found.notes = PyList_New(0);
    found.texts = PyList_New(0);
    if (found.times != NULL && found.notes != NULL && found.texts != NULL)
        all = take_all(reads, first, most, framed, before, behind, &found);
    Py_XDECREF(found.times);
    Py_XDECREF(found.notes);
    Py_XDECREF(found.texts);
    return all;
}

static PyMethodDef functions[] = {
    {"take", take, METH_VARARGS, "(times, notes, texts) of the next reads that are alike."}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_alike", "Events that are alike, many at once.", -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__alike(void) {
    PyObject *made = PyModule_Create(&module);
    if (made == NULL || PyModule_AddIntConstant(made, "API", API) < 0)
        return NULL;
    return made;
}
