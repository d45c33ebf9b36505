// SPDX-License-Identifier: MIT
// rom.S: the machine's firmware, 64 KiB below 4 GiB: from reset to protected mode, and to Linux's PVH entry point with a start info
// (xen/include/public/arch-x86/hvm/start_info.h). Bochs has put kernel and initramfs into memory already.
// Defined on the command line: ENTRY, INITRAMFS (address), INITRAMFS_BYTES, MEMORY (bytes), COMMAND_LINE.

    .set ROM, 0xffff0000
    .set START_INFO, 0x10000
    .set KERNEL_CODE, 8
    .set KERNEL_DATA, 16
    .set RAM, 1
    .set RESERVED, 2

    .text
    .code32
protected:
    mov $KERNEL_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $(ROM + start_info), %esi
    mov $START_INFO, %edi
    mov $(start_info_end - start_info), %ecx
    rep movsb
    mov $START_INFO, %ebx
    mov $ENTRY, %eax
    jmp *%eax

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff // flat code, 32-bit, accessed
    .quad 0x00cf93000000ffff // flat data
gdtr:
    .word gdtr - gdt - 1
    .long ROM + gdt

    .balign 8
start_info:
    .long 0x336ec578, 1, 0, 1 // magic, version, flags, modules
    .quad START_INFO + modules - start_info
    .quad START_INFO + command_line - start_info
    .quad 0 // no ACPI
    .quad START_INFO + memory_map - start_info
    .long (memory_map_end - memory_map) / 24, 0
modules:
    .quad INITRAMFS, INITRAMFS_BYTES, 0, 0
memory_map:
    .quad 0, 0x9fc00
    .long RAM, 0
    .quad 0xf0000, 0x10000
    .long RESERVED, 0
    .quad 0x100000, MEMORY - 0x100000
    .long RAM, 0
memory_map_end:
command_line:
    .asciz COMMAND_LINE
start_info_end:

    .code16
    .org 0xff00
reset:
    cli
    cld
    lgdtl %cs:gdtr
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmpl $KERNEL_CODE, $(ROM + protected)

    .org 0xfff0
    jmp reset
    .org 0xffff
    .byte 0
