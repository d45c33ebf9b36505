# debugged.s: a program to be debugged. It goes through the vsyscall page two calls deep, with its own rules for unwinding.
        .globl _start, caller, counter
        .data
counter: .long 0
        .text
        .type _start, @function
_start:
        .cfi_startproc
        .cfi_undefined eip
        call caller
        mov %eax, %ebx
        mov $1, %eax
        int $0x80
        .cfi_endproc
        .size _start, . - _start

        .type caller, @function
caller:
        .cfi_startproc
        push %ebp
        .cfi_def_cfa_offset 8
        .cfi_offset ebp, -8
        mov $20, %eax
        call 0xffffe400
        movl $7, counter
        mov counter, %eax
        pop %ebp
        .cfi_def_cfa_offset 4
        ret
        .cfi_endproc
        .size caller, . - caller
