// SPDX-License-Identifier: MIT
// The work that kvmsys does on KVM, written in C as plainly as it can be: what C# is measured against.

#include <errno.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

// Runs a vCPU to `exits` exits by OUT to `port`; nanoseconds, or -1.
int64_t baseline_run(int vcpu, struct kvm_run *run, int exits, int port)
{
    int64_t start = now();
    while (exits > 0)
    {
        if (ioctl(vcpu, KVM_RUN, 0) != 0)
        {
            if (errno == EINTR || errno == EAGAIN)
            {
                continue;
            }

            return -1;
        }

        if (run->exit_reason != KVM_EXIT_IO || run->io.port != port)
        {
            return -1;
        }

        exits--;
    }

    return now() - start;
}

struct range
{
    uint64_t address;
    const void *bytes;
    uint64_t length;
};

// Sets up a machine as VirtualMachine does, runs it to its first OUT to `port` unless that is 0, and takes it down again. The memory is
// fresh and the caller's, as it is there. Fills the nanoseconds of each phase.
int baseline_set_up(int kvm, uint8_t *memory, uint64_t memory_size, const struct range *ranges, int range_count, const struct kvm_cpuid2 *cpuid,
                    const struct kvm_sregs *state, const struct kvm_msrs *msrs, const struct kvm_regs *regs, const struct kvm_fpu *fpu,
                    int port, int64_t *phases)
{
    int64_t start = now();

    int mmap_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    int failed = vm < 0;
    failed |= ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000) < 0;
    if (ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_EXIT_ON_EMULATION_FAILURE) > 0)
    {
        struct kvm_enable_cap cap = {.cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args = {1}};
        failed |= ioctl(vm, KVM_ENABLE_CAP, &cap) < 0;
    }

    int64_t created = now();
    for (int i = 0; i < range_count; i++)
    {
        memcpy(memory + ranges[i].address, ranges[i].bytes, ranges[i].length);
    }

    struct kvm_userspace_memory_region region = {.memory_size = memory_size, .userspace_addr = (uintptr_t)memory};
    failed |= ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0;
    int64_t loaded = now();

    ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);
    int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    failed |= vcpu < 0;
    struct kvm_run *run = mmap(NULL, mmap_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    int statistics = ioctl(vcpu, KVM_GET_STATS_FD, 0);
    void *descriptors = NULL;
    struct kvm_stats_header header;
    if (statistics >= 0)
    {
        failed |= pread(statistics, &header, sizeof header, 0) != sizeof header;
        descriptors = malloc(header.data_offset);
        failed |= pread(statistics, descriptors, header.data_offset, 0) != header.data_offset;
    }

    int64_t vcpu_created = now();
    failed |= ioctl(vcpu, KVM_SET_CPUID2, cpuid) < 0;
    struct kvm_sregs sregs;
    failed |= ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0;
    uint64_t apic_base = sregs.apic_base;
    sregs = *state;
    sregs.apic_base = apic_base;
    failed |= ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0;
    failed |= ioctl(vcpu, KVM_SET_MSRS, msrs) < 0;
    failed |= ioctl(vcpu, KVM_SET_REGS, regs) < 0;
    failed |= ioctl(vcpu, KVM_SET_FPU, fpu) < 0;
    struct
    {
        struct kvm_signal_mask mask;
        uint8_t set[8];
    } signals = {.mask = {.len = 8}};
    failed |= ioctl(vcpu, KVM_SET_SIGNAL_MASK, &signals) < 0;
    int64_t state_set = now();

    if (!failed && port != 0)
    {
        // Statistics before and after, as for every run that counts.
        uint8_t values[8192];
        failed |= statistics >= 0 && pread(statistics, values, sizeof values, header.data_offset) <= 0;
        failed |= baseline_run(vcpu, run, 1, port) < 0;
        failed |= statistics >= 0 && pread(statistics, values, sizeof values, header.data_offset) <= 0;
    }

    int64_t ran = now();
    free(descriptors);
    close(statistics);
    munmap(run, mmap_size);
    close(vcpu);
    close(vm);
    phases[0] = created - start;
    phases[1] = loaded - created;
    phases[2] = vcpu_created - loaded;
    phases[3] = state_set - vcpu_created;
    phases[4] = ran - state_set;
    return failed ? -1 : 0;
}
