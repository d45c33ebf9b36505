// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Guest.Kernel;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls about descriptors: their copies, flags and offsets, pipes, terminals.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="files">Its files.</param>
/// <param name="task">Who the program is.</param>
internal sealed class DescriptorCalls(AddressSpace memory, FileTable files, TaskIdentity task)
{
    /// <summary>_llseek: the new offset is stored.</summary>
    public Answer Llseek(CallContext call)
    {
        if (files[(int)call.Ebx] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        long offset = file.Host.Seek((long)((ulong)call.Ecx << 32 | call.Edx), (int)call.Edi);
        return offset < 0 ? (int)offset : Answer.FaultUnless(memory.TryWrite(call.Esi, offset));
    }

    /// <summary>lseek, of 32 bits.</summary>
    public Answer Lseek(CallContext call)
    {
        if (files[(int)call.Ebx] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        long offset = file.Host.Seek((int)call.Ecx, (int)call.Edx);
        return offset > int.MaxValue ? Errno.EOVERFLOW : (int)offset;
    }

    /// <summary>close.</summary>
    public Answer Close(CallContext call) => files.Close((int)call.Ebx);

    /// <summary>pipe.</summary>
    public Answer Pipe(CallContext call) => Pipe(call.Ebx, 0);

    /// <summary>pipe2.</summary>
    public Answer Pipe2(CallContext call) => Pipe(call.Ebx, (int)call.Ecx);

    /// <summary>dup.</summary>
    public Answer Dup(CallContext call) => files[(int)call.Ebx] is GuestFile file ? files.Add(file, 0, closeOnExec: false) : Errno.EBADF;

    /// <summary>dup2.</summary>
    public Answer Dup2(CallContext call) => Dup(call, closeOnExec: false);

    /// <summary>dup3: as dup2, but two descriptors that are the same are an error.</summary>
    public Answer Dup3(CallContext call) =>
        (call.Edx & ~(uint)OpenFlags.CloseOnExec) != 0 || call.Ebx == call.Ecx ? Errno.EINVAL : Dup(call, closeOnExec: call.Edx != 0);

    /// <summary>fcntl and fcntl64.</summary>
    public Answer Fcntl(CallContext call)
    {
        const uint duplicate = 0;
        const uint getFd = 1;
        const uint setFd = 2;
        const uint getFl = 3;
        const uint setFl = 4;
        const uint duplicateCloseOnExec = 1030;
        int descriptor = (int)call.Ebx;
        if (files[descriptor] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        switch (call.Ecx)
        {
            case duplicate or duplicateCloseOnExec:
                return call.Edx < FileTable.Limit ? files.Add(file, (int)call.Edx, call.Ecx == duplicateCloseOnExec) : Errno.EINVAL;
            case getFd:
                return files.IsCloseOnExec(descriptor) ? 1 : 0;
            case setFd:
                files.SetCloseOnExec(descriptor, (call.Edx & 1) != 0);
                return 0;
            case getFl:
                return file.Flags;
            case setFl:
                const int changeable = OpenFlags.NonBlock | OpenFlags.Append;
                file.Flags = (file.Flags & ~changeable) | ((int)call.Edx & changeable);
                return 0;
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>ioctl, of those about terminals whose structures are the same for a program of 32 bits, and those that fcntl has too.</summary>
    public Answer Ioctl(CallContext call)
    {
        const int termiosSize = 36;
        const int winsizeSize = 8;
        const uint getProcessGroup = 0x540f;
        const uint setProcessGroup = 0x5410;
        int descriptor = (int)call.Ebx;
        if (files[descriptor] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        (int size, bool writes) = (0, false);
        switch (call.Ecx)
        {
            case 0x5450 or 0x5451: // FIONCLEX, FIOCLEX
                files.SetCloseOnExec(descriptor, call.Ecx == 0x5451);
                return 0;
            case 0x5421: // FIONBIO
                if (!memory.TryRead(call.Edx, out int isNonBlocking))
                {
                    return Errno.EFAULT;
                }

                file.Flags = (file.Flags & ~OpenFlags.NonBlock) | (isNonBlocking != 0 ? OpenFlags.NonBlock : 0);
                return 0;
            case 0x5401: // TCGETS
                (size, writes) = (termiosSize, true);
                break;
            case 0x5402 or 0x5403 or 0x5404: // TCSETS, TCSETSW, TCSETSF
                (size, writes) = (termiosSize, false);
                break;
            case getProcessGroup or setProcessGroup or 0x541b: // TIOCGPGRP, TIOCSPGRP, FIONREAD
                (size, writes) = (sizeof(int), true);
                break;
            case 0x5413: // TIOCGWINSZ
                (size, writes) = (winsizeSize, true);
                break;
            default:
                return Errno.ENOTTY;
        }

        Span<byte> argument = stackalloc byte[termiosSize];
        argument = argument[..size];
        if (!writes && !memory.TryRead(call.Edx, argument))
        {
            return Errno.EFAULT;
        }

        int result = file.Host.Ioctl(call.Ecx == setProcessGroup ? getProcessGroup : call.Ecx, argument);
        if (result >= 0 && call.Ecx is getProcessGroup or setProcessGroup)
        {
            return ForegroundGroup(call, isSet: call.Ecx == setProcessGroup);
        }

        return result < 0 || !writes ? result : Answer.FaultUnless(memory.TryWrite(call.Edx, argument), (uint)result);
    }

    /// <summary>The program's group is the only one that it knows. Whether kvmsys's own is in the foreground, the host's kernel sees to.</summary>
    private Answer ForegroundGroup(CallContext call, bool isSet)
    {
        if (!isSet)
        {
            return Answer.FaultUnless(memory.TryWrite(call.Edx, task.Pid));
        }

        return !memory.TryRead(call.Edx, out uint group) ? Errno.EFAULT : group == task.Pid ? 0 : Errno.EPERM;
    }

    private Answer Dup(CallContext call, bool closeOnExec)
    {
        if (files[(int)call.Ebx] is not GuestFile file || call.Ecx >= FileTable.Limit)
        {
            return Errno.EBADF;
        }

        if (call.Ebx != call.Ecx)
        {
            files.Set((int)call.Ecx, file, closeOnExec);
        }

        return call.Ecx;
    }

    private Answer Pipe(uint address, int flags)
    {
        if ((flags & ~(OpenFlags.CloseOnExec | OpenFlags.NonBlock)) != 0)
        {
            return Errno.EINVAL;
        }

        int error = OpenFile.Pipe(out OpenFile? input, out OpenFile? output);
        if (error != 0)
        {
            return error;
        }

        bool closeOnExec = (flags & OpenFlags.CloseOnExec) != 0;
        GuestFile[] ends = [new(input!), new(output!)];
        int[] descriptors = new int[ends.Length];
        for (int i = 0; i < ends.Length; i++)
        {
            ends[i].Flags |= flags & OpenFlags.NonBlock;
            descriptors[i] = (int)files.Add(ends[i], 0, closeOnExec).Eax;
            if (descriptors[i] < 0)
            {
                ends[i].Host.Dispose();
            }
        }

        if (descriptors[1] >= 0 && memory.TryWrite(address, MemoryMarshal.AsBytes(descriptors.AsSpan())))
        {
            return 0;
        }

        Array.ForEach(descriptors, descriptor => files.Close(descriptor));
        return descriptors[1] < 0 ? Errno.EMFILE : Errno.EFAULT;
    }
}
