// SPDX-License-Identifier: MIT
// auxv: what the kernel tells a program about itself.

#include "program.h"
#include <elf.h>
#include <sys/auxv.h>
#include <unistd.h>

extern const Elf32_Ehdr __ehdr_start __attribute__((visibility("hidden")));
extern void _start(void) __attribute__((visibility("hidden")));

int main(void)
{
    check("AT_PAGESZ is 4096", getauxval(AT_PAGESZ) == 4096);
    check("AT_CLKTCK is 100", getauxval(AT_CLKTCK) == 100);
    check("AT_PHENT is an entry's size", getauxval(AT_PHENT) == sizeof(Elf32_Phdr));
    check("AT_PHNUM is the header's", getauxval(AT_PHNUM) == __ehdr_start.e_phnum);
    check("AT_PHDR is where the header says", getauxval(AT_PHDR) == (unsigned long)&__ehdr_start + __ehdr_start.e_phoff);
    check("AT_ENTRY is _start", getauxval(AT_ENTRY) == (unsigned long)&_start);
    check("AT_BASE is none", getauxval(AT_BASE) == 0);
    check("AT_FLAGS is none", getauxval(AT_FLAGS) == 0);
    check("AT_UID and AT_EUID agree with getuid", getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid());
    check("AT_GID and AT_EGID agree with getgid", getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
    check("AT_SECURE is not set", getauxval(AT_SECURE) == 0);
    printf("AT_PLATFORM is %s\n", (char *)getauxval(AT_PLATFORM));

    check("AT_HWCAP has an FPU", (getauxval(AT_HWCAP) & 1) != 0);

    const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
    check("AT_RANDOM is there", random != NULL);
    int zeros = 0;
    for (int i = 0; random != NULL && i < 16; i++)
    {
        zeros += random[i] == 0;
    }

    check("its sixteen bytes can be read, and are not all zero", zeros < 16);

    unsigned long page = getauxval(AT_SYSINFO_EHDR), entry = getauxval(AT_SYSINFO);
    check("AT_SYSINFO and AT_SYSINFO_EHDR are both there", page != 0 && entry != 0);
    const Elf32_Ehdr *vdso = (const Elf32_Ehdr *)page;
    check("at AT_SYSINFO_EHDR is an i386 shared object",
          memcmp(vdso->e_ident, ELFMAG, SELFMAG) == 0 && vdso->e_type == ET_DYN && vdso->e_machine == EM_386);
    check("AT_SYSINFO is in it", entry > page && entry - page < 8192);

    const Elf32_Phdr *segments = (const Elf32_Phdr *)(page + vdso->e_phoff);
    int dynamic = 0, load = 0;
    for (int i = 0; i < vdso->e_phnum; i++)
    {
        dynamic += segments[i].p_type == PT_DYNAMIC;
        load += segments[i].p_type == PT_LOAD;
    }

    check("it has a PT_LOAD and a PT_DYNAMIC", load == 1 && dynamic == 1);
    return verdict();
}
