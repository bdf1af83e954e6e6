/* Changes of LLVM bitcode, without LLVM. What is not understood is left to the caller.
 *
 * `remove_local_names` removes the names of local values, as if its writer had discarded them. A function's names are a block of
 * their own in that of the function. Without it, what follows moves: the offsets of functions that the module lists, the offset
 * of that list, and with ThinLTO the hash of the module, are written again. All else stays as it is.
 *
 * `remove_types` removes what link-time optimisation asks for, the types of vtables: metadata that is attached to variables.
 *
 * `list_names` lists the names of all symbols, also of local ones, in bitcode or in an object in WebAssembly. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { END, ENTER, DEFINE, RECORD };                               /* abbreviations of every block */
enum { FIXED = 1, VBR, ARRAY, CHAR6, BLOB };                       /* operands of abbreviations */
enum { BLOCK_INFO = 0, MODULE = 8, FUNCTION = 12, NAMES = 14, METADATA = 15, STRINGS = 23 }; /* blocks */
enum { SET_BLOCK = 1, NAME_OF_FUNCTION = 3, NAMES_OFFSET = 13, HASH = 17 }; /* records, of different blocks */
enum { MOST_OPERANDS = 32, MOST_ABBREVIATIONS = 32, MOST_BLOCKS = 32 };
enum { MAGIC = 0xdec04342 };

struct Abbreviation {
    int count;
    struct { uint8_t encoding; uint8_t width; uint64_t literal; } operands[MOST_OPERANDS]; /* encoding 0: a literal */
};

struct Abbreviations {
    int count;
    struct Abbreviation all[MOST_ABBREVIATIONS];
};

struct State {
    const uint8_t *in;
    uint64_t at, end; /* bits */
    uint8_t *out;
    uint64_t written, room; /* bits */
    const uint8_t *names; /* of the module's symbols */
    uint64_t names_size;
    int names_go, types_go; /* what is removed */
    int failed;
    struct Abbreviations known[MOST_BLOCKS];
};

/* A block's header. `body` and `end` are bits of the input. */
struct Block {
    uint64_t start, body, end;
    unsigned id, width;
};

static uint64_t bits(struct State *s, unsigned count) {
    uint64_t value = 0;
    if (count > 64 || s->at + count > s->end) {
        s->failed = 1;
        return 0;
    }
    for (unsigned have = 0; have < count;) {
        unsigned offset = s->at & 7, take = 8 - offset < count - have ? 8 - offset : count - have;
        value |= (uint64_t)(s->in[s->at >> 3] >> offset & ((1u << take) - 1)) << have;
        have += take;
        s->at += take;
    }
    return value;
}

static uint64_t vbr(struct State *s, unsigned width) {
    uint64_t value = 0;
    if (width < 2 || width > 32)
        s->failed = 1;
    for (unsigned shift = 0; !s->failed; shift += width - 1) {
        uint64_t part = bits(s, width), more = part >> (width - 1);
        if (shift > 63)
            s->failed = 1;
        else
            value |= (part & (((uint64_t)1 << (width - 1)) - 1)) << shift;
        if (!more)
            break;
    }
    return value;
}

static void put(struct State *s, uint64_t value, unsigned count) {
    if (s->written + count > s->room) {
        s->failed = 1;
        return;
    }
    for (unsigned done = 0; done < count;) {
        unsigned offset = s->written & 7, take = 8 - offset < count - done ? 8 - offset : count - done;
        uint8_t mask = (uint8_t)(((1u << take) - 1) << offset), *byte = s->out + (s->written >> 3);
        *byte = (uint8_t)((*byte & ~mask) | ((uint8_t)(value >> done << offset) & mask));
        done += take;
        s->written += take;
    }
}

static void put_vbr(struct State *s, uint64_t value, unsigned width) {
    uint64_t limit = (uint64_t)1 << (width - 1);
    for (; value >= limit; value >>= width - 1)
        put(s, (value & (limit - 1)) | limit, width);
    put(s, value, width);
}

static void put_at(struct State *s, uint64_t position, uint64_t value) {
    uint64_t written = s->written;
    s->written = position;
    put(s, value, 32);
    s->written = written;
}

static void align_in(struct State *s) {
    s->at = (s->at + 31) & ~(uint64_t)31;
    if (s->at > s->end)
        s->failed = 1;
}

static void align_out(struct State *s) {
    while (s->written & 31 && !s->failed)
        put(s, 0, 32 - (s->written & 31));
}

static void copy(struct State *s, uint64_t from, uint64_t to) {
    uint64_t at = s->at;
    if (from > to || s->written + (to - from) > s->room) {
        s->failed = 1;
        return;
    }
    if (!(from & 7) && !(s->written & 7)) {
        uint64_t bytes = (to - from) >> 3;
        memcpy(s->out + (s->written >> 3), s->in + (from >> 3), bytes);
        s->written += bytes << 3;
        from += bytes << 3;
    }
    for (s->at = from; s->at < to && !s->failed;) {
        unsigned count = to - s->at < 32 ? (unsigned)(to - s->at) : 32;
        put(s, bits(s, count), count);
    }
    s->at = at;
}

/* After the abbreviation that enters a block. */
static struct Block enter(struct State *s, uint64_t start) {
    struct Block block = {.start = start};
    block.id = (unsigned)vbr(s, 8);
    block.width = (unsigned)vbr(s, 4);
    align_in(s);
    block.end = bits(s, 32) * 32;
    block.body = s->at;
    block.end += s->at;
    if (block.end > s->end || block.width < 2 || block.width > 32)
        s->failed = 1;
    return block;
}

static uint64_t put_header(struct State *s, const struct Block *block, unsigned width) {
    put(s, ENTER, width);
    put_vbr(s, block->id, 8);
    put_vbr(s, block->width, 4);
    align_out(s);
    put(s, (block->end - block->body) / 32, 32);
    return s->written;
}

static void put_length(struct State *s, uint64_t body) {
    put_at(s, body - 32, (s->written - body) / 32);
}

static void define(struct State *s, struct Abbreviations *to) {
    struct Abbreviation *new = to->all + to->count;
    uint64_t count = vbr(s, 5);
    if (count > MOST_OPERANDS || to->count == MOST_ABBREVIATIONS) {
        s->failed = 1;
        return;
    }
    new->count = (int)count;
    for (int i = 0; i < new->count && !s->failed; i++) {
        new->operands[i].encoding = 0;
        if (bits(s, 1)) {
            new->operands[i].literal = vbr(s, 8);
            continue;
        }
        unsigned encoding = (unsigned)bits(s, 3);
        new->operands[i].encoding = (uint8_t)encoding;
        new->operands[i].width = 0;
        if (encoding == FIXED || encoding == VBR)
            new->operands[i].width = (uint8_t)vbr(s, 5);
        else if (encoding < FIXED || encoding > BLOB)
            s->failed = 1;
        if (encoding == VBR && new->operands[i].width == 0)
            s->failed = 1;
    }
    to->count++;
}

static uint64_t scalar(struct State *s, const struct Abbreviation *abbreviation, int i) {
    unsigned width = abbreviation->operands[i].width;
    switch (abbreviation->operands[i].encoding) {
    case 0: return abbreviation->operands[i].literal;
    case FIXED: return bits(s, width);
    case VBR: return vbr(s, width);
    case CHAR6: return bits(s, 6);
    default: s->failed = 1; return 0;
    }
}

/* Reads a record; of its values the first `most`. Returns their number, at least one (the code), or 0. */
static int record(struct State *s, unsigned id, const struct Abbreviations *abbreviations, uint64_t *values, int most) {
    int found = 0;
    if (id == RECORD) {
        uint64_t code = vbr(s, 6), count = vbr(s, 6);
        values[found++] = code;
        for (; count && !s->failed; count--) {
            uint64_t value = vbr(s, 6);
            if (found < most)
                values[found++] = value;
        }
        return found;
    }
    if (id - 4 >= (unsigned)abbreviations->count) {
        s->failed = 1;
        return 0;
    }
    const struct Abbreviation *abbreviation = abbreviations->all + (id - 4);
    for (int i = 0; i < abbreviation->count && !s->failed; i++) {
        unsigned encoding = abbreviation->operands[i].encoding;
        uint64_t count = encoding == ARRAY || encoding == BLOB ? vbr(s, 6) : 1;
        if (encoding == BLOB) {
            align_in(s);
            if (count > s->end / 8)
                s->failed = 1;
            else
                s->at += count * 8;
            align_in(s);
            continue;
        }
        if (encoding == ARRAY && ++i >= abbreviation->count) {
            s->failed = 1;
            break;
        }
        for (; count && !s->failed; count--) {
            uint64_t value = scalar(s, abbreviation, i);
            if (found < most)
                values[found++] = value;
        }
    }
    return found;
}

static struct Abbreviations *abbreviations_of(struct State *s, uint64_t id) {
    if (id >= MOST_BLOCKS) {
        s->failed = 1;
        id = 0;
    }
    return s->known + id;
}

static void read_block_info(struct State *s, const struct Block *block) {
    struct Abbreviations none = {0}, *current = 0;
    while (!s->failed && s->at < block->end) {
        uint64_t values[2];
        unsigned id = (unsigned)bits(s, block->width);
        if (id == END)
            break;
        if (id == DEFINE && current)
            define(s, current);
        else if (id == RECORD && record(s, id, &none, values, 2) == 2 && values[0] == SET_BLOCK)
            current = abbreviations_of(s, values[1]);
        else
            s->failed = 1;
    }
    s->at = block->end;
}

/* A block as it is, which may begin at another bit of its word. */
static void copy_block(struct State *s, const struct Block *block, unsigned width) {
    put_header(s, block, width);
    copy(s, block->body, block->end);
    s->at = block->end;
}

/* Module-level metadata without types. They are attached last, so nothing else in the block moves. */
static void rewrite_metadata(struct State *s, const struct Block *block, unsigned width) {
    enum { ATTACHMENT = 36, TYPE = 19, MOST = 512 };
    struct Abbreviations own = *abbreviations_of(s, METADATA);
    uint64_t body = put_header(s, block, width), copied = block->body;
    while (!s->failed) {
        uint64_t start = s->at, values[MOST], code, count, kept = 1;
        unsigned id = (unsigned)bits(s, block->width);
        if (id == END) {
            copy(s, copied, s->at);
            align_out(s);
            align_in(s);
            break;
        }
        if (id == DEFINE) {
            define(s, &own);
            continue;
        }
        if (id != RECORD) {
            if (id == ENTER || record(s, id, &own, values, 1) < 1)
                s->failed = 1;
            continue;
        }
        code = vbr(s, 6), count = vbr(s, 6);
        if (code == ATTACHMENT && (count > MOST || count % 2 == 0))
            s->failed = 1;
        for (uint64_t i = 0; i < count && !s->failed; i++) { /* a value, then pairs of a kind and a node */
            uint64_t value = vbr(s, 6);
            if (code != ATTACHMENT)
                continue;
            values[i ? kept : 0] = value;
            if (i && i % 2 == 0)
                kept += values[kept - 1] == TYPE ? (uint64_t)-1 : 1;
            else if (i)
                kept++;
        }
        if (code != ATTACHMENT || kept == count)
            continue;
        copy(s, copied, start);
        copied = s->at;
        if (kept == 1)
            continue;
        put(s, RECORD, block->width);
        put_vbr(s, ATTACHMENT, 6);
        put_vbr(s, kept, 6);
        for (uint64_t i = 0; i < kept; i++)
            put_vbr(s, values[i], 6);
    }
    if (s->at != block->end)
        s->failed = 1;
    put_length(s, body);
}

/* A function without names. */
static void rewrite_function(struct State *s, const struct Block *block, unsigned width) {
    if (!s->names_go) {
        copy_block(s, block, width);
        return;
    }
    struct Abbreviations own = *abbreviations_of(s, FUNCTION);
    uint64_t body = put_header(s, block, width), copied = block->body;
    int dropped = 0;
    while (!s->failed) {
        uint64_t start = s->at, value;
        unsigned id = (unsigned)bits(s, block->width);
        if (id == END) {
            copy(s, copied, s->at);
            align_out(s);
            align_in(s);
            break;
        }
        if (id == DEFINE)
            define(s, &own);
        else if (id == ENTER) {
            struct Block inner = enter(s, start);
            s->at = inner.end;
            if (inner.id == NAMES) {
                copy(s, copied, start);
                copied = inner.end;
                dropped = 1;
            } else if (dropped) { /* it was aligned for another offset */
                copy(s, copied, start);
                put_header(s, &inner, block->width);
                copy(s, inner.body, inner.end);
                copied = inner.end;
            }
        } else if (record(s, id, &own, &value, 1) < 1 || dropped)
            s->failed = 1;
    }
    if (s->at != block->end)
        s->failed = 1;
    put_length(s, body);
}

struct Moved {
    uint64_t from, to; /* bits */
};

/* The list of functions, with their new offsets. `base`: the bit from which offsets count. */
static void rewrite_names(struct State *s, const struct Block *block, unsigned width, uint64_t base, const struct Moved *moved,
                          size_t count) {
    struct Abbreviations own = *abbreviations_of(s, NAMES);
    int first = own.count;
    size_t next = 0;
    uint64_t body = put_header(s, block, width);
    while (!s->failed) {
        uint64_t start = s->at, values[4];
        unsigned id = (unsigned)bits(s, block->width);
        if (id == END) {
            copy(s, start, s->at);
            align_out(s);
            align_in(s);
            break;
        }
        if (id == DEFINE) {
            define(s, &own);
            copy(s, start, s->at);
            continue;
        }
        const struct Abbreviation *entry = own.all + first;
        if (id < RECORD || id != 4u + (unsigned)first || own.count != first + 1 || entry->count != 3 || entry->operands[0].encoding ||
            entry->operands[1].encoding != VBR || entry->operands[2].encoding != VBR ||
            record(s, id, &own, values, 4) != 3 || values[0] != NAME_OF_FUNCTION) {
            s->failed = 1;
            break;
        }
        uint64_t wanted = (values[2] - 1) * 32 + base;
        for (size_t tries = 0; tries < count && moved[next].from != wanted; tries++)
            next = next + 1 < count ? next + 1 : 0;
        if (!count || moved[next].from != wanted) {
            s->failed = 1;
            break;
        }
        put(s, id, block->width);
        put_vbr(s, values[1], entry->operands[1].width);
        put_vbr(s, (moved[next].to - base) / 32 + 1, entry->operands[2].width);
    }
    if (s->at != block->end)
        s->failed = 1;
    put_length(s, body);
}

static uint32_t rotate(uint32_t value, unsigned count) {
    return value << count | value >> (32 - count);
}

static void sha1_block(uint32_t state[5], const uint8_t *data) {
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int i = 0; i < 80; i++) {
        if (i < 16)
            w[i] = (uint32_t)data[i * 4] << 24 | (uint32_t)data[i * 4 + 1] << 16 | (uint32_t)data[i * 4 + 2] << 8 | data[i * 4 + 3];
        else
            w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t f = i < 20 ? ((b & c) | (~b & d)) + 0x5a827999 : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                   : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc : (b ^ c ^ d) + 0xca62c1d6;
        uint32_t next = rotate(a, 5) + f + e + w[i];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

struct Sha1 {
    uint32_t state[5];
    uint8_t rest[64];
    uint64_t size;
};

static void sha1_add(struct Sha1 *to, const uint8_t *data, uint64_t size) {
    uint64_t have = to->size % 64;
    to->size += size;
    if (have) {
        uint64_t part = 64 - have < size ? 64 - have : size;
        memcpy(to->rest + have, data, part);
        data += part, size -= part;
        if (have + part < 64)
            return;
        sha1_block(to->state, to->rest);
    }
    for (; size >= 64; data += 64, size -= 64)
        sha1_block(to->state, data);
    memcpy(to->rest, data, size);
}

static void sha1_end(struct Sha1 *of) {
    static const uint8_t padding[64] = {0x80};
    uint8_t bits_of_all[8];
    for (int i = 0; i < 8; i++)
        bits_of_all[i] = (uint8_t)(of->size * 8 >> (56 - i * 8));
    sha1_add(of, padding, 1 + (119 - of->size % 64) % 64);
    sha1_add(of, bits_of_all, sizeof bits_of_all);
}

/* Whether a record of a module begins with the offset and the size of a symbol's name. */
static int has_name(uint64_t code) {
    enum { GLOBAL = 7, DEFINITION = 8, COMDAT = 12, ALIAS = 14, RESOLVER = 15 };
    return code == GLOBAL || code == DEFINITION || code == COMDAT || code == ALIAS || code == RESOLVER;
}

/* Finds the names of symbols: a block of one blob, after the modules. */
static void find_names(struct State *s) {
    while (!s->failed && s->at < s->end) {
        uint64_t start = s->at;
        if (bits(s, 2) != ENTER)
            s->failed = 1;
        struct Block block = enter(s, start);
        struct Abbreviations own = {0};
        while (block.id == STRINGS && !s->failed) {
            unsigned id = (unsigned)bits(s, block.width);
            if (id == END)
                break;
            if (id == DEFINE) {
                define(s, &own);
                continue;
            }
            const struct Abbreviation *blob = own.all;
            if (id != 4 || !own.count || blob->count != 2 || blob->operands[0].encoding || blob->operands[1].encoding != BLOB || s->names) {
                s->failed = 1;
                break;
            }
            s->names_size = vbr(s, 6);
            align_in(s);
            if (s->failed || s->names_size > (s->end - s->at) / 8) {
                s->failed = 1;
                break;
            }
            s->names = s->in + s->at / 8;
            s->at += s->names_size * 8;
            align_in(s);
        }
        s->at = block.end;
    }
}

static void add_name(struct State *s, const uint8_t *name, uint64_t size) {
    uint64_t at = s->written / 8;
    if (size >= s->room / 8 - at) {
        s->failed = 1;
        return;
    }
    memcpy(s->out + at, name, size);
    s->out[at + size] = '\n';
    s->written += (size + 1) * 8;
}

static void list_module(struct State *s, const struct Block *block) {
    struct Abbreviations own = {0};
    while (!s->failed) {
        uint64_t start = s->at, values[3];
        unsigned id = (unsigned)bits(s, block->width);
        if (id == END)
            break;
        if (id == DEFINE)
            define(s, &own);
        else if (id == ENTER) {
            struct Block inner = enter(s, start);
            if (inner.id == FUNCTION)
                break; /* symbols precede functions */
            if (inner.id == BLOCK_INFO)
                read_block_info(s, &inner);
            s->at = inner.end;
        } else if (record(s, id, &own, values, 3) > 2 && has_name(values[0])) {
            if (values[1] > s->names_size || values[2] > s->names_size - values[1])
                s->failed = 1;
            else
                add_name(s, s->names + values[1], values[2]);
        }
    }
    s->at = block->end;
}

static void rewrite_module(struct State *s, const struct Block *block, unsigned width, uint64_t base, struct Moved *moved, size_t most) {
    struct Abbreviations own = {0};
    uint64_t body = put_header(s, block, width), copied = block->body, offset_at = 0;
    uint64_t listed = 0, listed_in = 0; /* the ends of the list of functions */
    size_t functions = 0;
    struct Sha1 names = {.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
    while (!s->failed) {
        uint64_t start = s->at, values[6];
        unsigned id = (unsigned)bits(s, block->width);
        if (id == END) {
            copy(s, copied, s->at);
            align_out(s);
            align_in(s);
            break;
        }
        if (id == DEFINE) {
            define(s, &own);
            continue;
        }
        if (id == ENTER) {
            struct Block inner = enter(s, start);
            if (inner.id == BLOCK_INFO)
                read_block_info(s, &inner);
            if (inner.id == METADATA && s->types_go && !functions) {
                copy(s, copied, start);
                copied = inner.end;
                s->at = inner.body;
                rewrite_metadata(s, &inner, block->width);
            }
            s->at = inner.end;
            if (inner.id == MODULE || (inner.id != FUNCTION && inner.id != NAMES && !functions))
                continue;
            copy(s, copied, start);
            copied = inner.end;
            if ((start & 31) || (s->written & 31) || (listed && inner.id == NAMES)) {
                s->failed = 1;
                break;
            }
            s->at = inner.body;
            if (inner.id == FUNCTION) {
                if (functions == most || listed) {
                    s->failed = 1;
                    break;
                }
                moved[functions].from = start;
                moved[functions++].to = s->written;
                rewrite_function(s, &inner, block->width);
            } else if (inner.id == NAMES) {
                if (!offset_at) {
                    s->failed = 1;
                    break;
                }
                put_at(s, offset_at, (s->written - base) / 32 + 1);
                rewrite_names(s, &inner, block->width, base, moved, functions);
                listed = s->written, listed_in = s->at;
            } else
                copy_block(s, &inner, block->width);
            s->at = inner.end;
            continue;
        }
        int count = record(s, id, &own, values, 6);
        if (count > 2 && has_name(values[0])) {
            if (values[1] > s->names_size || values[2] > s->names_size - values[1])
                s->failed = 1;
            else
                sha1_add(&names, s->names + values[1], values[2]);
        }
        if (count == 2 && values[0] == NAMES_OFFSET && id != RECORD && !functions)
            offset_at = body + (s->at - 32 - block->body); /* the value is its last 32 bits; all before it is as it was */
        else if (functions) {
            if (count != 6 || values[0] != HASH || id != RECORD || copied != start || listed_in != start) {
                s->failed = 1;
                break;
            }
            struct Sha1 before = names;
            sha1_add(&before, s->in + block->body / 8, (start - block->body) / 8);
            sha1_end(&before);
            for (int i = 0; i < 5; i++)
                s->failed |= before.state[i] != values[1 + i];
            sha1_add(&names, s->out + body / 8, (listed - body) / 8);
            sha1_end(&names);
            put(s, id, block->width);
            put_vbr(s, HASH, 6);
            put_vbr(s, 5, 6);
            for (int i = 0; i < 5; i++)
                put_vbr(s, names.state[i], 6);
            copied = s->at;
        }
    }
    if (s->at != block->end || (functions && !listed))
        s->failed = 1;
    put_length(s, body);
}

/* Writes the bitcode `in`, changed, to `out`, which has `size` + 64 bytes. `moved`: room for as many pairs of numbers as there are
 * functions, `most`. Returns the size of the result, or -1. */
static long edit(const uint8_t *in, size_t size, uint8_t *out, struct Moved *moved, size_t most, int names, int types, int listed) {
    static _Thread_local struct State s;
    memset(&s, 0, sizeof s);
    s.in = in, s.end = (uint64_t)size * 8, s.out = out, s.room = ((uint64_t)size + 64) * 8, s.names_go = names, s.types_go = types;
    if (size % 4 || bits(&s, 32) != MAGIC)
        return -1;
    find_names(&s);
    s.at = 32;
    if (!listed)
        put(&s, MAGIC, 32);
    uint64_t base = 0;
    while (!s.failed && s.at < s.end) {
        uint64_t start = s.at;
        if (bits(&s, 2) != ENTER)
            return -1;
        struct Block block = enter(&s, start);
        if (!base)
            base = start; /* of the block that identifies the bitcode; both have it at the same offset */
        if (s.failed)
            return -1;
        if (listed && block.id == MODULE)
            list_module(&s, &block);
        else if (listed)
            s.at = block.end;
        else if (block.id == MODULE)
            rewrite_module(&s, &block, 2, base, moved, most);
        else
            copy_block(&s, &block, 2);
    }
    return s.failed ? -1 : (long)(s.written / 8);
}

long remove_local_names(const uint8_t *in, size_t size, uint8_t *out, struct Moved *moved, size_t most) {
    return edit(in, size, out, moved, most, 1, 0, 0);
}

long remove_types(const uint8_t *in, size_t size, uint8_t *out, struct Moved *moved, size_t most) {
    return edit(in, size, out, moved, most, 0, 1, 0);
}

/* Bytes of an object in WebAssembly. */
struct Bytes {
    const uint8_t *at, *end;
    int failed;
};

static uint64_t number(struct Bytes *b) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (b->at == b->end)
            break;
        uint8_t byte = *b->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    b->failed = 1;
    return 0;
}

/* What follows, by its size. */
static struct Bytes part(struct Bytes *b) {
    uint64_t size = number(b);
    if (b->failed || size > (uint64_t)(b->end - b->at)) {
        b->failed = 1;
        size = 0;
    }
    struct Bytes of = {b->at, b->at + size, 0};
    b->at += size;
    return of;
}

static void list_symbols(struct State *s, struct Bytes *table) {
    enum { DATA = 1, SECTION = 3, UNDEFINED = 0x10, EXPLICIT_NAME = 0x40 };
    for (uint64_t left = number(table); left && !table->failed && !s->failed; left--) {
        uint64_t kind = number(table), flags = number(table);
        if (kind == SECTION) {
            number(table);
            continue;
        }
        if (kind != DATA)
            number(table);
        if (kind == DATA || !(flags & UNDEFINED) || flags & EXPLICIT_NAME) {
            struct Bytes name = part(table);
            add_name(s, name.at, (uint64_t)(name.end - name.at));
        }
        if (kind == DATA && !(flags & UNDEFINED))
            number(table), number(table), number(table);
    }
    s->failed |= table->failed || table->at != table->end;
}

static void list_object(struct State *s, struct Bytes file) {
    enum { SYMBOL_TABLE = 8, VERSION = 2 };
    static const char linking[] = "linking";
    for (file.at += 8; file.at < file.end && !file.failed;) {
        uint8_t id = *file.at++;
        struct Bytes section = part(&file), name = id ? (struct Bytes){0, 0, 0} : part(&section);
        if (id || name.end - name.at != sizeof linking - 1 || memcmp(name.at, linking, sizeof linking - 1))
            continue;
        if (number(&section) != VERSION)
            s->failed = 1;
        while (section.at < section.end && !section.failed && !s->failed) {
            uint64_t kind = number(&section);
            struct Bytes inner = part(&section);
            if (kind == SYMBOL_TABLE)
                list_symbols(s, &inner);
        }
        s->failed |= section.failed;
    }
    s->failed |= file.failed;
}

long list_names(const uint8_t *in, size_t size, uint8_t *out, struct Moved *moved, size_t most) {
    static const uint8_t header[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    static _Thread_local struct State s;
    if (size < sizeof header || memcmp(in, header, sizeof header))
        return edit(in, size, out, moved, most, 0, 0, 1);
    memset(&s, 0, sizeof s);
    s.out = out, s.room = ((uint64_t)size + 64) * 8;
    list_object(&s, (struct Bytes){in, in + size, 0});
    return s.failed ? -1 : (long)(s.written / 8);
}
