// A program that ends with 42 when each kind of reference between methods finds its goal, in whatever order they are
// (build/order.c). Labels in .L are of the assembler only: like the .NET compiler it puts the distance to them into the code,
// without a relocation. Each macro of a mistake (OrderToolTests.cs) adds something that cannot be moved.

.macro method name
    .p2align 2, 0x90
    .globl \name
    .type \name, @function
\name:
.endm
.macro end name
    .size \name, . - \name
.endm

    .section __managedcode, "ax", @progbits
    .p2align 5, 0x90

method total // in ebx, each part of it by another kind of reference
    push %rbx
    xor %ebx, %ebx
    call .Lone                      // direct call
    add %eax, %ebx
    call .Lby_jump                  // which leaves by a jump
    add %eax, %ebx
    lea .Lfour(%rip), %rcx          // address in code
    call *%rcx
    add %eax, %ebx
    call *pointer(%rip)             // relocated operand, address in data
    add %eax, %ebx
    lea distance(%rip), %rcx        // relative address in constants
    movslq (%rcx), %rax
    add %rax, %rcx
    call *%rcx
    add %eax, %ebx
    mov $3, %edi
    call .Lchoose
    add %eax, %ebx
    call stub                       // through another section
    add %eax, %ebx
    mov $2, %edi
    call .Lrecursive
    add %eax, %ebx
    call folded                     // two names for the same code
    add %eax, %ebx
    mov %ebx, %eax
    pop %rbx
    ret
end total

method one
.Lone:
    mov $1, %eax
    ret
end one

method by_jump // taken only if the flags are right
.Lby_jump:
    cmpl $5, number(%rip)           // an immediate behind a relocated operand
    .byte 0x0f, 0x84                // je
    .long .Ltwo - (. + 4)
    int3
end by_jump

method two
.Ltwo:
    movabs $0xe8e8e8e8e9e9e9e9, %rdx // not calls
    .byte 0xe9                       // jmp
    .long .Ltwo_more - (. + 4)
end two

method two_more
.Ltwo_more:
    mov $2, %eax
    ret
end two_more

    .p2align 5, 0x90
method four
.Lfour:
    data16 data16 nopw 0x12345678(%rax, %rax)
    mov $4, %eax
    ret
end four

method five
    mov number(%rip), %eax
    ret
end five

method six
    mov $6, %eax
1:  dec %edi
    js 2f
    jmp 1b
2:  ret
end six

method choose // a table of distances from the method, as of a switch
.Lchoose:
    lea choices(%rip), %rcx
    mov (%rcx, %rdi, 4), %ecx
    lea choose(%rip), %rdx
    add %rdx, %rcx
    jmp *%rcx
.Lchoice:
    mov $99, %eax
    ret
.Lright_choice:
    mov $7, %eax
    ret
end choose

method eight
    mov $8, %eax
    ret
end eight

method recursive
.Lrecursive:
    xor %eax, %eax
    test %edi, %edi
    je 1f
    dec %edi
    push %rdi
    call .Lrecursive
    pop %rdi
    add $2, %eax
1:  ret
end recursive

    .p2align 2, 0x90
    .globl folded, folded_too
    .type folded, @function
    .type folded_too, @function
folded:
folded_too:
    mov $5, %eax
    ret
end folded
end folded_too

#ifdef INTO_THE_MIDDLE
method mistake
    .byte 0xe9
    .long .Lright_choice - (. + 4)
end mistake
#endif
#ifdef SHORT_JUMP
method mistake
    .byte 0xeb
    .byte folded - (. + 1)
end mistake
#endif
#ifdef GAP
    .space 64, 0x90
method mistake
    ret
end mistake
#endif
#ifdef CUT_OFF
method mistake
    .byte 0xe8, 0
end mistake
#endif
#ifdef NO_OPERAND
method mistake
    movabs $total, %rax
    ret
end mistake
#endif
#ifdef LABEL
method mistake
    ret
    .globl label
label:
    ret
end mistake
#endif

    .section __unbox, "ax", @progbits
stub:
    jmp eight

    .text
    .globl _start
_start:
    call total
    mov %eax, %edi
    mov $60, %eax // exit
    syscall

    .section .rodata
distance:
    .long six - .
number:
    .long 5
choices:
    .long .Lchoice - choose, .Lchoice - choose, .Lchoice - choose, .Lright_choice - choose

    .data
pointer:
    .quad five
#ifdef BY_SECTION
    .quad .Lone
#endif
#ifdef BEYOND
    .quad one + 6
#endif
