// Lengths of x86-64 instructions, and which of them end a run of instructions that are executed one after another.
// Source: Intel SDM volume 2, appendix A (opcode maps).
#include <stdint.h>

enum ending { NONE, JUMP_IF, JUMP, CALL, RETURN, INDIRECT_CALL, INDIRECT_JUMP, LOOP, SYSTEM_CALL, CPU_ID, UNKNOWN };

struct instruction {
    uint8_t length, opcode, modrm, prefixes, rex, segment; // segment: 0x64 (fs) or 0
    enum ending ending;
    int64_t immediate;    // of a direct jump, and the bytes that a return takes off
    uint8_t displacement; // offset of what follows modrm
};

static int has_immediate_byte_in_0f(uint8_t opcode)
{
    return (opcode >= 0x70 && opcode <= 0x73) || opcode == 0xa4 || opcode == 0xac || opcode == 0xba || opcode == 0xc2
        || (opcode >= 0xc4 && opcode <= 0xc6);
}

static int has_modrm_in_0f(uint8_t opcode)
{
    return !((opcode >= 0x05 && opcode <= 0x0b) || opcode == 0x0e || (opcode >= 0x30 && opcode <= 0x37) || opcode == 0x77
        || (opcode >= 0x80 && opcode <= 0x8f) || (opcode >= 0xa0 && opcode <= 0xa2) || (opcode >= 0xa8 && opcode <= 0xaa)
        || opcode >> 3 == 0xc8 >> 3);
}

// The bytes that a memory operand takes, modrm included.
static int operand_length(const uint8_t *at)
{
    int mode = *at >> 6, low = *at & 7, length = 1;
    if (mode == 3)
        return length;
    if (low == 4) {
        length++;
        if (mode == 0 && (at[1] & 7) == 5)
            length += 4;
    }
    if (mode == 0 && low == 5)
        length += 4;
    return length + (mode == 1 ? 1 : mode == 2 ? 4 : 0);
}

// At least fifteen bytes have to be readable. An instruction that is not known has the ending UNKNOWN.
static struct instruction decode(const uint8_t *start)
{
    const uint8_t *at = start;
    struct instruction i = { 0 };
    int narrow = 0, short_address = 0, modrm = 0, immediate = 0, wide;

    for (;; at++) {
        if (*at == 0x66)
            narrow = 1;
        else if (*at == 0x64 || *at == 0x65)
            i.segment = *at;
        else if (*at == 0x67)
            short_address = 1;
        else if (*at != 0xf0 && *at != 0xf2 && *at != 0xf3 && *at != 0x2e && *at != 0x36 && *at != 0x3e && *at != 0x26)
            break;
    }
    if (*at >> 4 == 4)
        i.rex = *at++;
    wide = narrow ? 2 : 4;
    uint8_t opcode = i.opcode = *at++;
    if (opcode == 0xc5 || opcode == 0xc4 || opcode == 0x62) { // VEX, EVEX
        int map = opcode == 0xc5 ? 1 : at[0] & (opcode == 0xc4 ? 0x1f : 7);
        at += opcode == 0xc5 ? 1 : opcode == 0xc4 ? 2 : 3;
        uint8_t op = *at++;
        modrm = map != 1 || has_modrm_in_0f(op);
        immediate = map == 3 || (map == 1 && has_immediate_byte_in_0f(op));
    } else if (opcode == 0x0f) {
        opcode = *at++;
        if (opcode == 0x38 || opcode == 0x3a) {
            immediate = opcode == 0x3a;
            at++;
            modrm = 1;
        } else {
            modrm = has_modrm_in_0f(opcode);
            immediate = has_immediate_byte_in_0f(opcode);
            if (opcode >> 4 == 8) {
                i.ending = JUMP_IF;
                immediate = 4;
            } else if (opcode == 0x05) {
                i.ending = SYSTEM_CALL;
            } else if (opcode == 0xa2) {
                i.ending = CPU_ID;
            } else if (opcode == 0x0b) {
                i.ending = UNKNOWN;
            }
        }
        i.opcode = opcode;
    } else if (opcode < 0x40) {
        modrm = (opcode & 7) < 4;
        immediate = (opcode & 7) == 4 ? 1 : (opcode & 7) == 5 ? wide : 0;
    } else {
        switch (opcode) {
        case 0x63: case 0x84 ... 0x8f: case 0xd0 ... 0xd3: case 0xd8 ... 0xdf: case 0xfe:
            modrm = 1;
            break;
        case 0x68: case 0xa9:
            immediate = wide;
            break;
        case 0x69: case 0x81: case 0xc7:
            modrm = 1, immediate = wide;
            break;
        case 0x6a: case 0xa8: case 0xb0 ... 0xb7: case 0xcd: case 0xe4 ... 0xe7:
            immediate = 1;
            break;
        case 0x6b: case 0x80: case 0x83: case 0xc0: case 0xc1: case 0xc6:
            modrm = 1, immediate = 1;
            break;
        case 0x70 ... 0x7f:
            i.ending = JUMP_IF, immediate = 1;
            break;
        case 0xa0 ... 0xa3:
            immediate = short_address ? 4 : 8;
            break;
        case 0xb8 ... 0xbf:
            immediate = i.rex & 8 ? 8 : wide;
            break;
        case 0xc2:
            i.ending = RETURN, immediate = 2;
            break;
        case 0xc3:
            i.ending = RETURN;
            break;
        case 0xc8:
            immediate = 3;
            break;
        case 0xe0 ... 0xe3:
            i.ending = LOOP, immediate = 1;
            break;
        case 0xe8:
            i.ending = CALL, immediate = 4;
            break;
        case 0xe9:
            i.ending = JUMP, immediate = 4;
            break;
        case 0xeb:
            i.ending = JUMP, immediate = 1;
            break;
        case 0xf6: case 0xf7:
            modrm = 1;
            immediate = (*at >> 3 & 7) > 1 ? 0 : opcode == 0xf6 ? 1 : wide;
            break;
        case 0xff:
            modrm = 1;
            i.ending = (*at >> 3 & 7) == 2 ? INDIRECT_CALL : (*at >> 3 & 7) == 4 ? INDIRECT_JUMP : NONE;
            break;
        case 0xca: case 0xcb: case 0xcc: case 0xcf: case 0xf1: case 0xf4:
            i.ending = UNKNOWN;
            break;
        }
    }
    if (modrm) {
        i.modrm = *at;
        i.displacement = at + 1 - start;
        at += operand_length(at);
    }
    i.immediate = immediate == 1 ? (int8_t)*at : immediate == 2 ? (int64_t)(at[0] | at[1] << 8)
        : immediate == 4 ? (int32_t)(at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24) : 0;
    i.length = at + immediate - start;
    return i;
}
