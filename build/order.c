// Puts the methods of an x86-64 object file of the .NET compiler (ILC) in another order. ILC writes all of them into one section,
// __managedcode, and works out the distances between them itself, without relocations, so that no linker can move them.
//
// Each instruction is looked at. What it addresses in the section has to be in its own method or the beginning of another; the
// distance is then made that of the new place. Whatever cannot be told apart ends the program with a message and without an
// object: code between the methods, a relocation at no operand, a jump into the middle of another method, a reference by the
// section. Line numbers of the methods (.debug_*) are dropped, because they hold distances, too; names are kept.
//
// ORDER is a list of symbols, one a line, # begins a comment. Methods come in this order, those that it does not name after
// them in the order that they have. REST is written: the names that are no methods of this object, for the linker.
// usage: order OBJECT ORDER NEW-OBJECT REST                Exit status: 0, 1
// Source: System V ABI (ELF-64), AMD64 psABI.
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../bench/decode.h"

enum { READABLE = 15, NOP = 0x90, BREAKPOINT = 0xcc, BRANCH_ADDEND = -4 };

// The compiler aligns none of them in the file.
typedef Elf64_Shdr Section __attribute__((aligned(1)));
typedef Elf64_Sym Symbol __attribute__((aligned(1)));
typedef Elf64_Rela Relocation __attribute__((aligned(1)));

struct method { uint64_t start, end, alignment, moved; int is_placed; };
struct name { const char *text; size_t method; };

static const char *object, *target;
static uint8_t *file;
static size_t file_size;
static Section *sections;
static int section_count, code_index;
static Symbol *symbols;
static size_t symbol_count;
static const char *strings;
static struct method *methods;
static size_t method_count;
static struct name *names;
static size_t name_count;
static uint8_t *moved_code;
static uint64_t moved_size;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "order: %s: ", object);
    vfprintf(stderr, format, arguments);
    fputs("; publish with -p:OrderMethods=false to link the methods as the compiler orders them\n", stderr);
    if (target)
        unlink(target);
    exit(1);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (!memory)
        fail("no memory for %zu bytes", count * size);
    return memory;
}

// Behind the bytes stand some zeros.
static uint8_t *read_all(const char *path, size_t *size)
{
    FILE *stream = fopen(path, "re");
    if (!stream || fseek(stream, 0, SEEK_END) != 0)
        fail("%s: %s", path, strerror(errno));
    long length = ftell(stream);
    rewind(stream);
    uint8_t *bytes = allocate(length + READABLE, 1);
    if (fread(bytes, 1, length, stream) != (size_t)length)
        fail("%s: cannot be read", path);
    fclose(stream);
    *size = length;
    return bytes;
}

static const char *section_name(const Section *section)
{
    const Elf64_Ehdr *header = (const void *)file;
    return (const char *)file + sections[header->e_shstrndx].sh_offset + section->sh_name;
}

static int is_debug(const Section *section)
{
    return !(section->sh_flags & SHF_ALLOC) && !strncmp(section_name(section), ".debug_", 7);
}

static void read_object(void)
{
    file = read_all(object, &file_size);
    const Elf64_Ehdr *header = (const void *)file;
    if (file_size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_type != ET_REL || header->e_machine != EM_X86_64
        || !header->e_shnum || header->e_shoff + header->e_shnum * sizeof *sections > file_size)
        fail("not an x86-64 object file");
    sections = (void *)(file + header->e_shoff);
    section_count = header->e_shnum;
    for (int i = 1; i < section_count; i++) {
        if (sections[i].sh_type != SHT_NOBITS && sections[i].sh_offset + sections[i].sh_size > file_size)
            fail("section %d reaches beyond the file", i);
        if (!strcmp(section_name(&sections[i]), "__managedcode")) {
            if (code_index)
                fail("two sections __managedcode");
            code_index = i;
        } else if (sections[i].sh_type == SHT_SYMTAB) {
            symbols = (void *)(file + sections[i].sh_offset);
            symbol_count = sections[i].sh_size / sizeof *symbols;
            strings = (const char *)file + sections[sections[i].sh_link].sh_offset;
        } else if (sections[i].sh_type == SHT_REL) {
            fail("%s: relocations without addends", section_name(&sections[i]));
        }
    }
    if (!code_index || !symbols)
        fail("no section __managedcode or no symbols");
}

static const uint8_t *code(void) { return file + sections[code_index].sh_offset; }

static const char *symbol_name(const Symbol *symbol) { return strings + symbol->st_name; }

static int is_of_code(const Symbol *symbol) { return symbol->st_shndx == code_index; }

static int is_section(const Symbol *symbol) { return ELF64_ST_TYPE(symbol->st_info) == STT_SECTION; }

static int by_start(const void *a, const void *b)
{
    const struct method *x = a, *y = b;
    return x->start != y->start ? (x->start > y->start) - (x->start < y->start) : (x->end > y->end) - (x->end < y->end);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

// The method that an offset is in, or NULL.
static struct method *method_at(uint64_t offset)
{
    size_t low = 0, high = method_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (methods[middle].end <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < method_count && methods[low].start <= offset ? &methods[low] : NULL;
}

// Methods with the same code have the same place and several names.
static void find_methods(void)
{
    const Section *section = &sections[code_index];
    uint64_t before = 0;
    methods = allocate(symbol_count, sizeof *methods);
    names = allocate(symbol_count, sizeof *names);
    for (size_t i = 0; i < symbol_count; i++) {
        const Symbol *symbol = &symbols[i];
        if (!is_of_code(symbol) || is_section(symbol))
            continue;
        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || !symbol->st_size || symbol->st_value + symbol->st_size > section->sh_size)
            fail("symbol %s in __managedcode is no method", symbol_name(symbol));
        methods[method_count++] = (struct method) { .start = symbol->st_value, .end = symbol->st_value + symbol->st_size };
    }
    if (!method_count)
        fail("no method in __managedcode");
    qsort(methods, method_count, sizeof *methods, by_start);
    size_t count = 0;
    for (size_t i = 0; i < method_count; i++)
        if (!count || by_start(&methods[count - 1], &methods[i]) != 0)
            methods[count++] = methods[i];
    method_count = count;
    for (size_t i = 0; i < method_count; before = methods[i++].end) {
        struct method *method = &methods[i];
        if (method->start < before || method->start - before >= section->sh_addralign)
            fail("at %#lx of __managedcode methods overlap or leave a gap", before);
        // The alignment is not written down: the largest that explains where the method is.
        method->alignment = section->sh_addralign;
        while (((before + method->alignment - 1) & -method->alignment) != method->start)
            if (!(method->alignment /= 2))
                fail("the alignment %lu of __managedcode is no power of two", section->sh_addralign);
    }
    if (section->sh_size - before >= section->sh_addralign)
        fail("__managedcode goes on behind its last method");
    for (size_t i = 0; i < symbol_count; i++)
        if (is_of_code(&symbols[i]) && !is_section(&symbols[i]))
            names[name_count++] = (struct name) { symbol_name(&symbols[i]), method_at(symbols[i].st_value) - methods };
    qsort(names, name_count, sizeof *names, by_text);
}

static void place(struct method *method)
{
    if (method->is_placed)
        return;
    method->is_placed = 1;
    method->moved = (moved_size + method->alignment - 1) & -method->alignment;
    moved_size = method->moved + method->end - method->start;
}

// Gives each method its new place.
static void order(const char *path, const char *rest_path)
{
    size_t size;
    char *text = (char *)read_all(path, &size);
    FILE *rest = fopen(rest_path, "we");
    if (!rest)
        fail("%s: %s", rest_path, strerror(errno));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (*line == '#')
            continue;
        const struct name *name = bsearch(&(struct name) { line, 0 }, names, name_count, sizeof *names, by_text);
        if (name)
            place(&methods[name->method]);
        else
            fprintf(rest, "%s\n", line);
    }
    if (fclose(rest) != 0)
        fail("%s: %s", rest_path, strerror(errno));
    for (size_t i = 0; i < method_count; i++)
        place(&methods[i]);
}

// One byte per byte of code: whether a relocation is there.
static uint8_t *find_relocated(void)
{
    uint8_t *relocated = allocate(sections[code_index].sh_size, 1);
    for (int i = 1; i < section_count; i++) {
        const Relocation *relocation = (const void *)(file + sections[i].sh_offset);
        if (sections[i].sh_type != SHT_RELA || (int)sections[i].sh_info != code_index)
            continue;
        for (size_t n = sections[i].sh_size / sizeof *relocation; n--; relocation++) {
            if (relocation->r_offset >= sections[code_index].sh_size || relocated[relocation->r_offset])
                fail("at %#lx of __managedcode is more than one relocation", relocation->r_offset);
            relocated[relocation->r_offset] = 1;
        }
    }
    return relocated;
}

// Where an instruction has a distance, counted from its end, and how many bytes that has; 0 when it has none.
static int distance_of(const struct instruction *i, uint8_t *at)
{
    int size = 0;
    switch (i->ending) {
    case JUMP_IF:
        size = i->opcode >= 0x80 ? 4 : 1;
        break;
    case JUMP:
        size = i->opcode == 0xeb ? 1 : 4;
        break;
    case CALL:
        size = 4;
        break;
    case LOOP:
        size = 1;
        break;
    default:
        if (i->displacement && (i->modrm & 0xc7) == 5) {
            *at = i->displacement;
            return 4;
        }
        return 0;
    }
    *at = i->length - size;
    return size;
}

static void move_method(const struct method *method, uint8_t *relocated)
{
    const uint8_t *from = code();
    memcpy(moved_code + method->moved, from + method->start, method->end - method->start);
    for (uint64_t at = method->start; at < method->end;) {
        struct instruction i = decode(from + at);
        uint8_t where = 0;
        int size = distance_of(&i, &where);
        if (at + i.length > method->end || (i.ending == UNKNOWN && i.opcode != BREAKPOINT && i.opcode != 0x0b))
            fail("at %#lx of __managedcode is no known instruction", at);
        uint64_t field = at + where, end = at + i.length;
        at = end;
        if (!size)
            continue;
        if (relocated[field]) {
            relocated[field] = 0;
            if (size != 4)
                fail("at %#lx of __managedcode is a relocation of a short jump", field);
            continue;
        }
        int32_t distance = (int8_t)from[field];
        if (size == 4)
            memcpy(&distance, from + field, 4);
        uint64_t address = end + (int64_t)distance;
        if (address >= method->start && address < method->end)
            continue;
        const struct method *other = method_at(address);
        if (size != 4 || !other || other->start != address)
            fail("at %#lx of __managedcode is a reference to %#lx, which is not the beginning of a method", field, address);
        int64_t moved = (int64_t)other->moved - (int64_t)(end - method->start + method->moved);
        distance = (int32_t)moved;
        if (distance != moved)
            fail("at %#lx of __managedcode is a reference that would become too long", field);
        memcpy(moved_code + method->moved + (field - method->start), &distance, 4);
    }
}

static void move_code(void)
{
    uint8_t *relocated = find_relocated();
    moved_code = allocate(moved_size, 1);
    memset(moved_code, NOP, moved_size);
    for (size_t i = 0; i < method_count; i++)
        move_method(&methods[i], relocated);
    for (uint64_t at = 0; at < sections[code_index].sh_size; at++)
        if (relocated[at])
            fail("at %#lx of __managedcode is a relocation, but no operand", at);
}

static uint64_t moved(uint64_t offset)
{
    const struct method *method = method_at(offset);
    if (!method)
        fail("offset %#lx of __managedcode is in no method", offset);
    return offset - method->start + method->moved;
}

// What refers to a method does so by its symbol, and does not mean what happens to be beside it.
static void check_reference(const Relocation *relocation, const Section *section)
{
    size_t number = ELF64_R_SYM(relocation->r_info);
    if (number >= symbol_count)
        fail("%s+%#lx: a relocation has no symbol", section_name(section), relocation->r_offset);
    const Symbol *symbol = &symbols[number];
    if (!is_of_code(symbol))
        return;
    int is_good = section->sh_flags & SHF_EXECINSTR ? relocation->r_addend == BRANCH_ADDEND
                                                   : relocation->r_addend >= 0 && (uint64_t)relocation->r_addend < symbol->st_size;
    if (is_section(symbol) || !is_good)
        fail("%s+%#lx refers to %s%+ld, which is no method", section_name(section), relocation->r_offset,
             is_section(symbol) ? "__managedcode" : symbol_name(symbol), relocation->r_addend);
}

static void move_references(void)
{
    for (int i = 1; i < section_count; i++) {
        Relocation *relocation = (void *)(file + sections[i].sh_offset);
        const Section *of = &sections[sections[i].sh_type == SHT_RELA ? sections[i].sh_info : 0];
        if (sections[i].sh_type != SHT_RELA || is_debug(of))
            continue;
        for (size_t n = sections[i].sh_size / sizeof *relocation; n--; relocation++) {
            check_reference(relocation, of);
            if (of == &sections[code_index])
                relocation->r_offset = moved(relocation->r_offset);
        }
    }
    for (size_t i = 0; i < symbol_count; i++)
        if (is_of_code(&symbols[i]) && !is_section(&symbols[i]))
            symbols[i].st_value = moved(symbols[i].st_value);
    for (int i = 1; i < section_count; i++)
        if (is_debug(&sections[i]) || (sections[i].sh_type == SHT_RELA && is_debug(&sections[sections[i].sh_info])))
            sections[i].sh_size = 0;
}

// The code in its new order stands behind everything else.
static void write_object(const char *path)
{
    uint64_t alignment = sections[code_index].sh_addralign, offset = (file_size + alignment - 1) & -alignment;
    FILE *stream = fopen(path, "we");
    target = path;
    sections[code_index].sh_offset = offset;
    sections[code_index].sh_size = moved_size;
    if (!stream || fwrite(file, 1, file_size, stream) != file_size || fseek(stream, offset, SEEK_SET) != 0
        || fwrite(moved_code, 1, moved_size, stream) != moved_size || fclose(stream) != 0)
        fail("%s: %s", path, strerror(errno));
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: order OBJECT ORDER NEW-OBJECT REST\n", stderr);
        return 1;
    }
    object = argv[1];
    read_object();
    find_methods();
    order(argv[2], argv[4]);
    move_code();
    move_references();
    write_object(argv[3]);
    return 0;
}
