/* Lines of a records file, read many at once without an object for each value, and the counting of gaps.

   Theory.  A line has some sixty values and a gap a chunk.  To make a dictionary and a list of it, and then to look at
   each value once more, costs far more than to go through its bytes.  Nearly every line is as this version writes it:
   the same names in the same order, no space between them.  So what is expected is told once (`layout`, made by rows.py
   out of a line that this version has written), and a line is compared with it from left to right: a name must be that
   name, a value must be of its kind and fit.  What fits goes into columns of whole numbers.

   Where a line is anything else (another order, a space, an escape in a text that is kept, a number out of bounds,
   bytes that are no UTF-8), nothing is decided here: `read` gives None, and Python reads those lines by itself.  So this
   file knows of no error, and refuses more than Python does, never less.

   What stands behind the last name of the layout, in some lines, is given out as it is, for Python to read.

   There is nothing to lock and nothing kept: all functions are of their arguments alone. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { API = 1 }; /* raised with each change of what Python sees; compiled.py takes no other */

enum Kind {
    COUNT,         /* a whole number */
    MS,            /* milliseconds with up to six decimals, taken as whole nanoseconds */
    WORD,          /* one of some texts or true and false; their place among them is taken */
    TEXT,          /* a text that is kept */
    PASSED_TEXT,   /* one that is not */
    PASSED_NUMBER, /* any number */
    GAPS           /* a list of whole numbers */
};
enum { MOST_FIELDS = 128, MOST_WORDS = 32, NOT_MEASURED = -1 };
enum { MOST_DIGITS = 19, DECIMALS = 6 };
/* Above so many nanoseconds the way over a float, which others take, may end at another number. */
static const int64_t MOST_EXACT_NS = (int64_t)1 << 50;

typedef struct {
    const char *name; /* what stands before the value: {"request_id": */
    Py_ssize_t name_size;
    enum Kind kind;
    bool optional; /* null is NOT_MEASURED, or None */
    int64_t least, most, base; /* the bounds of a number, and what is taken off it */
    const char *words[MOST_WORDS];
    Py_ssize_t word_sizes[MOST_WORDS];
    int number_of_words;
    int64_t *column;
    PyObject *texts;
} Field;

typedef struct {
    const char *at, *end;
} Cursor;

/* The gaps of all lines, one line behind the other. */
typedef struct {
    int32_t *values;
    size_t count, room;
} Gaps;

static bool passed(Cursor *line, const char *expected, Py_ssize_t size) {
    if (line->end - line->at < size || memcmp(line->at, expected, (size_t)size) != 0)
        return false;
    line->at += size;
    return true;
}

static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

/* Digits as JSON has them, without sign; false when there are none, a zero before others, or more than 63 bits.  Of a
   longer number the rest is left, and no value goes on with a digit. */
static bool whole_number(Cursor *line, int64_t *value) {
    const char *begin = line->at;
    uint64_t found = 0;
    while (line->at < line->end && is_digit(*line->at) && line->at - begin < MOST_DIGITS)
        found = 10 * found + (uint64_t)(*line->at++ - '0');
    Py_ssize_t digits = line->at - begin;
    *value = (int64_t)found;
    return digits > 0 && (digits == 1 || *begin != '0') && found <= INT64_MAX;
}

/* A number as JSON writers write a float of milliseconds: 12.5, 0.000001 as 1e-6, or 1e-06 before orjson did.  Exactly
   a whole number of nanoseconds, or false. */
static bool milliseconds(Cursor *line, int64_t *ns) {
    int64_t mantissa, fraction = 0;
    int decimals = 0, exponent = 0;
    if (!whole_number(line, &mantissa))
        return false;
    if (line->at < line->end && *line->at == '.') {
        const char *begin = ++line->at;
        while (line->at < line->end && is_digit(*line->at) && line->at - begin <= DECIMALS)
            fraction = 10 * fraction + (*line->at++ - '0');
        decimals = (int)(line->at - begin);
        if (decimals == 0 || decimals > DECIMALS)
            return false;
    }
    if (line->at < line->end && *line->at == 'e') {
        line->at++;
        if (!passed(line, "-", 1))
            return false;
        passed(line, "0", 1);
        if (line->at == line->end || !is_digit(*line->at))
            return false;
        exponent = *line->at++ - '0';
    }
    int power = DECIMALS - decimals - exponent; /* ns = digits * 10**power */
    if (mantissa > MOST_EXACT_NS / 1000000 || power < 0)
        return false;
    int64_t digits = mantissa;
    for (int each = 0; each < decimals; each++)
        digits *= 10;
    digits += fraction;
    for (int each = 0; each < power; each++)
        digits *= 10;
    *ns = digits;
    return digits <= MOST_EXACT_NS;
}

/* Passes any number of JSON. */
static bool pass_number(Cursor *line) {
    int64_t ignored;
    if (line->at < line->end && *line->at == '-')
        line->at++;
    if (!whole_number(line, &ignored))
        return false;
    if (line->at < line->end && *line->at == '.') {
        const char *begin = ++line->at;
        while (line->at < line->end && is_digit(*line->at))
            line->at++;
        if (line->at == begin)
            return false;
    }
    if (line->at < line->end && (*line->at == 'e' || *line->at == 'E')) {
        line->at++;
        if (line->at < line->end && (*line->at == '+' || *line->at == '-'))
            line->at++;
        const char *begin = line->at;
        while (line->at < line->end && is_digit(*line->at))
            line->at++;
        if (line->at == begin || line->at - begin > 2) /* a larger one may be infinite */
            return false;
    }
    return true;
}

static int hex_of(char byte) {
    return is_digit(byte) ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* An escape behind its backslash; surrogates are left to others. */
static bool pass_escape(Cursor *line) {
    if (line->at == line->end)
        return false;
    char which = *line->at++;
    if (which != 'u')
        return which != 0 && strchr("\"\\/bfnrt", which) != NULL;
    int code = 0;
    for (int each = 0; each < 4; each++) {
        int digit = line->at < line->end ? hex_of(*line->at++) : -1;
        if (digit < 0)
            return false;
        code = 16 * code + digit;
    }
    return code < 0xD800 || code > 0xDFFF;
}

/* Passes a text and tells where it stands, without its quotes; `escaped` when there are escapes in it.  1: it is one,
   0: not; -1 with an exception. */
static int text(Cursor *line, const char **begin, const char **end, bool *escaped) {
    bool ascii = true;
    *escaped = false;
    if (!passed(line, "\"", 1))
        return 0;
    *begin = line->at;
    for (;; ) {
        if (line->at == line->end)
            return 0;
        unsigned char byte = (unsigned char)*line->at++;
        if (byte == '"')
            break;
        if (byte < 0x20)
            return 0;
        if (byte == '\\') {
            *escaped = true;
            if (!pass_escape(line))
                return 0;
        }
        ascii = ascii && byte < 0x80;
    }
    *end = line->at - 1;
    if (ascii)
        return 1;
    PyObject *decoded = PyUnicode_DecodeUTF8(*begin, *end - *begin, NULL);
    if (decoded == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeDecodeError))
            return -1;
        PyErr_Clear();
        return 0;
    }
    Py_DECREF(decoded);
    return 1;
}

/* A text that is kept: mostly the one of the line before, whose object is taken again. */
static int kept_text(Cursor *line, Field *field, Py_ssize_t row) {
    const char *begin, *end;
    bool escaped;
    int found = text(line, &begin, &end, &escaped);
    if (found <= 0 || escaped)
        return found < 0 ? -1 : 0;
    if (row > 0) {
        PyObject *before = PyList_GET_ITEM(field->texts, row - 1);
        Py_ssize_t size;
        const char *bytes = before == Py_None ? NULL : PyUnicode_AsUTF8AndSize(before, &size);
        if (bytes != NULL && size == end - begin && memcmp(bytes, begin, (size_t)size) == 0) {
            PyList_SET_ITEM(field->texts, row, Py_NewRef(before));
            return 1;
        }
    }
    PyObject *made = PyUnicode_DecodeUTF8(begin, end - begin, NULL);
    if (made == NULL)
        return -1;
    PyList_SET_ITEM(field->texts, row, made);
    return 1;
}

static bool word(Cursor *line, const Field *field, int64_t *value) {
    for (int each = 0; each < field->number_of_words; each++)
        if (passed(line, field->words[each], field->word_sizes[each])) {
            *value = each;
            return true;
        }
    return false;
}

/* 1: they are gaps, 0: something else, -1 with an exception. */
static int gaps_of(Cursor *line, Gaps *gaps) {
    if (!passed(line, "[", 1))
        return 0;
    if (passed(line, "]", 1))
        return 1;
    for (;;) {
        int64_t value;
        if (!whole_number(line, &value) || value > INT32_MAX || line->at == line->end)
            return 0;
        if (gaps->count == gaps->room) {
            size_t room = gaps->room ? 2 * gaps->room : 4096;
            int32_t *more = PyMem_Realloc(gaps->values, room * sizeof *more);
            if (more == NULL) {
                PyErr_NoMemory();
                return -1;
            }
            gaps->values = more;
            gaps->room = room;
        }
        gaps->values[gaps->count++] = (int32_t)value;
        char byte = *line->at++;
        if (byte == ']')
            return 1;
        if (byte != ',')
            return 0;
    }
}

/* One value of a line.  1: it fits, 0: it is odd, -1 with an exception. */
static int value_of(Cursor *line, Field *field, Py_ssize_t row, Gaps *gaps) {
    const char *begin, *end;
    bool escaped, fits;
    int64_t value = NOT_MEASURED;
    if (field->optional && passed(line, "null", 4)) {
        if (field->column != NULL)
            field->column[row] = NOT_MEASURED;
        else if (field->texts != NULL)
            PyList_SET_ITEM(field->texts, row, Py_NewRef(Py_None));
        return 1;
    }
    switch (field->kind) {
    case TEXT:
        return kept_text(line, field, row);
    case PASSED_TEXT:
        return text(line, &begin, &end, &escaped);
    case PASSED_NUMBER:
        return pass_number(line);
    case GAPS:
        return gaps_of(line, gaps);
    case WORD:
        fits = word(line, field, &value);
        break;
    case MS:
        fits = milliseconds(line, &value) && value <= field->most;
        break;
    default:
        fits = whole_number(line, &value) && value >= field->least && value <= field->most;
    }
    if (fits)
        field->column[row] = value - field->base;
    return fits;
}

/* What stands behind the last value: the end of the line, or more, which is given out as an object of its own.  A new
   reference; NULL without an exception for what is odd. */
static PyObject *rest_of(Cursor *line) {
    const char *begin = line->at;
    if (passed(line, "}", 1)) {
        passed(line, "\n", 1);
        return line->at == line->end ? Py_NewRef(Py_None) : NULL;
    }
    if (!passed(line, ",\"", 2))
        return NULL;
    PyObject *rest = PyBytes_FromStringAndSize(begin, line->end - begin); /* with a brace for its comma */
    if (rest != NULL)
        PyBytes_AS_STRING(rest)[0] = '{';
    return rest;
}

enum { SUMS, SHORTEST, LONGEST, LEADING_ZEROS, GAP_COLUMNS };

/* What is known of the gaps of one line; false for a sum that no answer has. */
static bool sum_up(const int32_t *gaps, size_t count, int64_t *const columns[GAP_COLUMNS], Py_ssize_t row) {
    int64_t sum_us = 0, zeros = 0;
    int32_t least = count ? gaps[0] : NOT_MEASURED, most = least;
    while ((size_t)zeros < count && gaps[zeros] == 0)
        zeros++;
    for (size_t at = 0; at < count; at++) {
        sum_us += gaps[at];
        least = gaps[at] < least ? gaps[at] : least;
        most = gaps[at] > most ? gaps[at] : most;
    }
    if (sum_us > MOST_EXACT_NS / 1000)
        return false;
    columns[SUMS][row] = 1000 * sum_us;
    columns[SHORTEST][row] = least;
    columns[LONGEST][row] = count ? 1000 * (int64_t)most : NOT_MEASURED;
    columns[LEADING_ZEROS][row] = zeros;
    return true;
}

/* Numbers as narrow as they go: (type code of array.array, bytes). */
static PyObject *narrowed(const int64_t *column, Py_ssize_t rows) {
    int64_t least = column[0], most = column[0];
    for (Py_ssize_t row = 1; row < rows; row++) {
        least = column[row] < least ? column[row] : least;
        most = column[row] > most ? column[row] : most;
    }
    Py_ssize_t width = 8;
    const char *code = "q";
    if (least >= INT8_MIN && most <= INT8_MAX)
        width = 1, code = "b";
    else if (least >= INT16_MIN && most <= INT16_MAX)
        width = 2, code = "h";
    else if (least >= INT32_MIN && most <= INT32_MAX)
        width = 4, code = "i";
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, width * rows);
    if (bytes == NULL)
        return NULL;
    char *into = PyBytes_AS_STRING(bytes);
    for (Py_ssize_t row = 0; row < rows; row++) {
        int8_t one = (int8_t)column[row];
        int16_t two = (int16_t)column[row];
        int32_t four = (int32_t)column[row];
        const void *from = width == 1 ? (void *)&one : width == 2 ? (void *)&two : width == 4 ? (void *)&four : (void *)&column[row];
        memcpy(into + width * row, from, (size_t)width);
    }
    return Py_BuildValue("sN", code, bytes);
}

/* A row of the layout: (name, kind, optional, least, most, base, words). */
static bool field_of(PyObject *told, Field *field) {
    int kind, optional;
    long long least, most, base;
    PyObject *words;
    memset(field, 0, sizeof *field);
    if (!PyArg_ParseTuple(told, "y#ipLLLO!", &field->name, &field->name_size, &kind, &optional, &least, &most, &base,
                          &PyTuple_Type, &words))
        return false;
    field->kind = (enum Kind)kind;
    field->optional = optional;
    field->least = least, field->most = most, field->base = base;
    field->number_of_words = (int)PyTuple_GET_SIZE(words);
    if (kind < COUNT || kind > GAPS || PyTuple_GET_SIZE(words) > MOST_WORDS) {
        PyErr_SetString(PyExc_ValueError, "no such layout");
        return false;
    }
    for (int each = 0; each < field->number_of_words; each++)
        if (PyBytes_AsStringAndSize(PyTuple_GET_ITEM(words, each), (char **)&field->words[each], &field->word_sizes[each]) < 0)
            return false;
    return true;
}

/* What `read` works with, and has to give back. */
typedef struct {
    Field fields[MOST_FIELDS];
    int number_of_fields;
    Py_ssize_t rows;
    Gaps gaps;
    int64_t *gap_columns[GAP_COLUMNS], *ends;
    PyObject *rests;
} Reading;

static int64_t *new_column(Py_ssize_t rows) {
    int64_t *made = PyMem_Calloc((size_t)rows, sizeof *made);
    if (made == NULL)
        PyErr_NoMemory();
    return made;
}

static bool prepare(Reading *reading, PyObject *layout, Py_ssize_t rows) {
    if (rows == 0 || PyTuple_GET_SIZE(layout) > MOST_FIELDS) {
        PyErr_SetString(PyExc_ValueError, "no lines, or too many names");
        return false;
    }
    reading->rows = rows;
    for (Py_ssize_t each = 0; each < PyTuple_GET_SIZE(layout); each++) {
        Field *field = &reading->fields[each];
        if (!field_of(PyTuple_GET_ITEM(layout, each), field))
            return false;
        reading->number_of_fields = (int)each + 1;
        if (field->kind <= WORD && (field->column = new_column(rows)) == NULL)
            return false;
        if (field->kind == TEXT && (field->texts = PyList_New(rows)) == NULL)
            return false;
    }
    for (int each = 0; each < GAP_COLUMNS; each++)
        if ((reading->gap_columns[each] = new_column(rows)) == NULL)
            return false;
    reading->ends = new_column(rows);
    reading->rests = PyList_New(rows);
    return reading->ends != NULL && reading->rests != NULL;
}

static void let_go(Reading *reading) {
    for (int each = 0; each < reading->number_of_fields; each++) {
        PyMem_Free(reading->fields[each].column);
        Py_XDECREF(reading->fields[each].texts);
    }
    for (int each = 0; each < GAP_COLUMNS; each++)
        PyMem_Free(reading->gap_columns[each]);
    PyMem_Free(reading->ends);
    PyMem_Free(reading->gaps.values);
    Py_XDECREF(reading->rests);
    PyMem_Free(reading);
}

/* 1: the line is as it is expected, 0: it is odd, -1 with an exception. */
static int read_line(Reading *reading, PyObject *line, Py_ssize_t row) {
    if (!PyBytes_CheckExact(line))
        return 0;
    Cursor cursor = {PyBytes_AS_STRING(line), PyBytes_AS_STRING(line) + PyBytes_GET_SIZE(line)};
    size_t gaps_before = reading->gaps.count;
    for (int each = 0; each < reading->number_of_fields; each++) {
        Field *field = &reading->fields[each];
        int fits = passed(&cursor, field->name, field->name_size) ? value_of(&cursor, field, row, &reading->gaps) : 0;
        if (fits <= 0)
            return fits;
    }
    reading->ends[row] = (int64_t)reading->gaps.count;
    if (!sum_up(reading->gaps.values + gaps_before, reading->gaps.count - gaps_before, reading->gap_columns, row))
        return 0;
    PyObject *rest = rest_of(&cursor);
    if (rest == NULL)
        return PyErr_Occurred() ? -1 : 0;
    PyList_SET_ITEM(reading->rests, row, rest);
    return 1;
}

/* Appends a new reference, which may be NULL with an exception. */
static bool put(PyObject *list, PyObject *made) {
    bool done = made != NULL && PyList_Append(list, made) == 0;
    Py_XDECREF(made);
    return done;
}

static PyObject *found_in(const Reading *reading) {
    PyObject *columns = PyList_New(0), *texts = PyList_New(0);
    bool whole = columns != NULL && texts != NULL;
    for (int each = 0; whole && each < reading->number_of_fields; each++) {
        const Field *field = &reading->fields[each];
        if (field->column != NULL)
            whole = put(columns, narrowed(field->column, reading->rows));
        else if (field->texts != NULL)
            whole = put(texts, Py_NewRef(field->texts));
    }
    for (int each = 0; whole && each < GAP_COLUMNS; each++)
        whole = put(columns, narrowed(reading->gap_columns[each], reading->rows));
    if (!whole) {
        Py_XDECREF(columns);
        Py_XDECREF(texts);
        return NULL;
    }
    return Py_BuildValue("NNy#y#O", columns, texts, reading->gaps.count ? (char *)reading->gaps.values : "",
                         (Py_ssize_t)(reading->gaps.count * sizeof *reading->gaps.values), (char *)reading->ends,
                         (Py_ssize_t)(reading->rows * (Py_ssize_t)sizeof *reading->ends), reading->rests);
}

static PyObject *read_lines(PyObject *module, PyObject *args) {
    PyObject *lines, *layout, *found = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!O!", &PyList_Type, &lines, &PyTuple_Type, &layout))
        return NULL;
    Reading *reading = PyMem_Calloc(1, sizeof *reading);
    if (reading == NULL)
        return PyErr_NoMemory();
    int fits = prepare(reading, layout, PyList_GET_SIZE(lines)) ? 1 : -1;
    for (Py_ssize_t row = 0; fits == 1 && row < reading->rows; row++)
        fits = read_line(reading, PyList_GET_ITEM(lines, row), row);
    if (fits == 1)
        found = found_in(reading);
    else if (fits == 0)
        found = Py_NewRef(Py_None);
    let_go(reading);
    return found;
}

/* Whole numbers out of a list or tuple, or out of an array of type code i or q. */
typedef struct {
    PyObject *sequence;
    Py_buffer view;
    const int32_t *values;
    const int64_t *wide;
    Py_ssize_t count;
} Values;

static bool open_values(PyObject *given, Values *opened) {
    memset(opened, 0, sizeof *opened);
    if (PyObject_CheckBuffer(given)) {
        if (PyObject_GetBuffer(given, &opened->view, PyBUF_SIMPLE | PyBUF_FORMAT) < 0)
            return false;
        opened->count = opened->view.len / opened->view.itemsize;
        if (opened->view.itemsize == (Py_ssize_t)sizeof(int32_t) && strcmp(opened->view.format, "i") == 0)
            opened->values = opened->view.buf;
        else if (opened->view.itemsize == (Py_ssize_t)sizeof(int64_t) && strcmp(opened->view.format, "q") == 0)
            opened->wide = opened->view.buf;
        else {
            PyBuffer_Release(&opened->view);
            PyErr_SetString(PyExc_TypeError, "an array of type code i or q is wanted");
            return false;
        }
        return true;
    }
    opened->sequence = PySequence_Fast(given, "a sequence of whole numbers is wanted");
    opened->count = opened->sequence == NULL ? 0 : PySequence_Fast_GET_SIZE(opened->sequence);
    return opened->sequence != NULL;
}

static void close_values(Values *opened) {
    if (opened->sequence == NULL)
        PyBuffer_Release(&opened->view);
    Py_XDECREF(opened->sequence);
}

/* One of them, which may be -1; with an exception it is. */
static int64_t value_at(const Values *opened, Py_ssize_t at) {
    if (opened->values != NULL)
        return opened->values[at];
    return opened->wide != NULL ? opened->wide[at] : PyLong_AsLongLong(PySequence_Fast_GET_ITEM(opened->sequence, at));
}

/* The same; below 0 always with an exception. */
static int64_t natural_at(const Values *opened, Py_ssize_t at) {
    int64_t value = value_at(opened, at);
    if (value < 0 && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "a number is below 0");
    return value;
}

static PyObject *count(PyObject *module, PyObject *args) {
    PyObject *given, *others = NULL;
    Py_buffer counts;
    Values values;
    (void)module;
    if (!PyArg_ParseTuple(args, "Ow*", &given, &counts))
        return NULL;
    uint32_t *found = counts.buf;
    int64_t different = counts.len / (Py_ssize_t)sizeof *found;
    if (open_values(given, &values)) {
        others = PyList_New(0);
        for (Py_ssize_t at = 0; others != NULL && at < values.count; at++) {
            int64_t value = natural_at(&values, at);
            if (value >= 0 && value < different)
                found[value]++;
            else if (value < 0 || !put(others, PyLong_FromLongLong(value)))
                Py_CLEAR(others);
        }
        close_values(&values);
    }
    PyBuffer_Release(&counts);
    return others;
}

/* floor(2 * log2(gap)) + 1, 0 for 0: the number of bits of its square. */
static unsigned char half_octave(int64_t gap) {
    unsigned __int128 square = (unsigned __int128)gap * (unsigned __int128)gap;
    uint64_t high = (uint64_t)(square >> 64), low = (uint64_t)square;
    return (unsigned char)(high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0);
}

enum { HALF_OCTAVES = 128 };

/* Where the chunks of several answers came. */
typedef struct {
    int64_t width_us, first; /* of the intervals; the number of the first that is counted */
    Py_ssize_t number;       /* of intervals */
    uint32_t *counts;        /* HALF_OCTAVES of each interval */
    PyObject *runs;
} Places;

static bool put_run(Places *places, Py_ssize_t row, int64_t interval, Py_ssize_t chunks) {
    return put(places->runs, Py_BuildValue("nLn", row, (long long)interval, chunks));
}

/* One answer: its first chunk, then those that come behind gaps, as many at once as come in the same interval. */
static bool place(Places *places, const Values *gaps, Py_ssize_t begin, Py_ssize_t end, int64_t at_us, Py_ssize_t row) {
    int64_t interval = at_us / places->width_us;
    bool whole = put_run(places, row, interval, 1);
    for (Py_ssize_t at = begin, from = begin; whole && at < end; from = at) {
        int64_t gap_us = natural_at(gaps, at), behind_us;
        if (gap_us < 0)
            return false;
        interval = (at_us + gap_us) / places->width_us;
        behind_us = (interval + 1) * places->width_us;
        uint32_t *counts = places->counts + (interval - places->first) * HALF_OCTAVES;
        while (at < end && (gap_us = natural_at(gaps, at)) >= 0 && at_us + gap_us < behind_us) {
            counts[half_octave(gap_us)]++;
            at_us += gap_us;
            at++;
        }
        whole = gap_us >= 0 && put_run(places, row, interval, at - from);
    }
    return whole;
}

/* Of how many intervals the counts are, from the moments of all answers; false with an exception. */
static bool room_for(Places *places, const Values *gaps, const Values *ends, const Values *firsts) {
    static const int64_t MOST_US = (int64_t)1 << 60;
    static const int64_t MOST_INTERVALS = 1 << 20;
    int64_t first_us = MOST_US, last_us = 0, begin = 0;
    if (ends->count != firsts->count) {
        PyErr_SetString(PyExc_ValueError, "of each answer its end and its first chunk are wanted");
        return false;
    }
    for (Py_ssize_t row = 0; row < ends->count; row++) {
        int64_t end = natural_at(ends, row), at_us = value_at(firsts, row);
        if (PyErr_Occurred())
            return false;
        if (end < begin || end > gaps->count || at_us < NOT_MEASURED || at_us > MOST_US) {
            PyErr_SetString(PyExc_ValueError, "answers that cannot be");
            return false;
        }
        if (at_us == NOT_MEASURED) {
            begin = end;
            continue;
        }
        first_us = at_us < first_us ? at_us : first_us;
        for (; begin < end; begin++) {
            int64_t gap_us = natural_at(gaps, begin);
            if (gap_us < 0 || (at_us += gap_us) > MOST_US || gap_us > MOST_US) {
                if (!PyErr_Occurred())
                    PyErr_SetString(PyExc_OverflowError, "a time is too large");
                return false;
            }
        }
        last_us = at_us > last_us ? at_us : last_us;
    }
    places->first = first_us / places->width_us;
    places->number = last_us < first_us ? 0 : last_us / places->width_us - places->first + 1;
    if (places->number > MOST_INTERVALS) {
        PyErr_SetString(PyExc_ValueError, "too many intervals");
        return false;
    }
    places->counts = PyMem_Calloc((size_t)places->number * HALF_OCTAVES + 1, sizeof *places->counts);
    if (places->counts == NULL)
        PyErr_NoMemory();
    return places->counts != NULL;
}

/* {number of an interval: {half octave: how many gaps}} */
static PyObject *counted(const Places *places) {
    PyObject *found = PyDict_New();
    for (Py_ssize_t at = 0; found != NULL && at < places->number; at++) {
        PyObject *of_one = NULL;
        for (int bucket = 0; bucket < HALF_OCTAVES; bucket++) {
            uint32_t number = places->counts[at * HALF_OCTAVES + bucket];
            if (number == 0)
                continue;
            PyObject *key = PyLong_FromLong(bucket), *value = PyLong_FromUnsignedLong(number);
            if (of_one == NULL)
                of_one = PyDict_New();
            bool done = key != NULL && value != NULL && of_one != NULL && PyDict_SetItem(of_one, key, value) == 0;
            Py_XDECREF(key);
            Py_XDECREF(value);
            if (!done) {
                Py_XDECREF(of_one);
                Py_DECREF(found);
                return NULL;
            }
        }
        if (of_one == NULL)
            continue;
        PyObject *key = PyLong_FromLongLong(places->first + at);
        bool done = key != NULL && PyDict_SetItem(found, key, of_one) == 0;
        Py_XDECREF(key);
        Py_DECREF(of_one);
        if (!done)
            Py_CLEAR(found);
    }
    return found;
}

static PyObject *places(PyObject *module, PyObject *args) {
    PyObject *given_gaps, *given_ends, *given_firsts, *found = NULL;
    long long width_us;
    Values gaps, ends, firsts;
    Places made = {0};
    (void)module;
    if (!PyArg_ParseTuple(args, "OOOL", &given_gaps, &given_ends, &given_firsts, &width_us))
        return NULL;
    if (width_us <= 0 || width_us > (int64_t)1 << 60) {
        PyErr_SetString(PyExc_ValueError, "an interval has a width");
        return NULL;
    }
    made.width_us = width_us;
    if (!open_values(given_gaps, &gaps))
        return NULL;
    if (open_values(given_ends, &ends)) {
        if (open_values(given_firsts, &firsts)) {
            made.runs = PyList_New(0);
            bool whole = made.runs != NULL && room_for(&made, &gaps, &ends, &firsts);
            for (Py_ssize_t row = 0, begin = 0; whole && row < ends.count; row++) {
                Py_ssize_t end = (Py_ssize_t)natural_at(&ends, row);
                int64_t first_us = value_at(&firsts, row);
                whole = first_us == NOT_MEASURED || place(&made, &gaps, begin, end, first_us, row);
                begin = end;
            }
            PyObject *counts = whole ? counted(&made) : NULL;
            if (counts != NULL)
                found = Py_BuildValue("ON", made.runs, counts);
            Py_XDECREF(made.runs);
            PyMem_Free(made.counts);
            close_values(&firsts);
        }
        close_values(&ends);
    }
    close_values(&gaps);
    return found;
}

static PyMethodDef functions[] = {
    {"read", read_lines, METH_VARARGS, "The values of lines, None when one of them is not as the layout has it."},
    {"count", count, METH_VARARGS, "Counts numbers in an array of type code I; gives those that are too large for it."},
    {"places", places, METH_VARARGS, "([(answer, interval, chunks in it)], {interval: {half octave of gaps: number}})."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_lines", "Lines of records, compiled.", -1, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__lines(void) {
    PyObject *made = PyModule_Create(&module);
    if (made == NULL || PyModule_AddIntConstant(made, "API", API) < 0 || PyModule_AddIntConstant(made, "COUNT", COUNT) < 0 ||
        PyModule_AddIntConstant(made, "MS", MS) < 0 || PyModule_AddIntConstant(made, "WORD", WORD) < 0 ||
        PyModule_AddIntConstant(made, "TEXT", TEXT) < 0 || PyModule_AddIntConstant(made, "PASSED_TEXT", PASSED_TEXT) < 0 ||
        PyModule_AddIntConstant(made, "PASSED_NUMBER", PASSED_NUMBER) < 0 || PyModule_AddIntConstant(made, "GAPS", GAPS) < 0)
        return NULL;
    return made;
}
