// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Linux;

/// <summary>Signals that wait for delivery, with what they carry: in a queue each, as Linux keeps one for the thread and one for its process.</summary>
internal sealed class PendingSignals
{
    private readonly Queue<SignalInfo>?[] _queues = new Queue<SignalInfo>?[Signals.Max + 1];

    /// <summary>Which are pending.</summary>
    public ulong Set { get; private set; }

    /// <summary>How many are queued.</summary>
    public int Count { get; private set; }

    /// <summary>Queues a signal behind those of its number.</summary>
    public void Add(SignalInfo info)
    {
        (_queues[info.Number] ??= new()).Enqueue(info);
        Count++;
        Set |= Signals.Bit(info.Number);
    }

    /// <summary>Makes a signal pending for which the queue has no room: that it was sent is all that is left of it.</summary>
    public void AddBare(int number) => Set |= Signals.Bit(number);

    /// <summary>Throws away all signals of a number.</summary>
    public void Remove(int number)
    {
        Count -= _queues[number]?.Count ?? 0;
        _queues[number]?.Clear();
        Set &= ~Signals.Bit(number);
    }

    /// <summary>Takes the first of a set's signals: Linux has those first that an instruction can cause, whoever has sent them, then the lowest number.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryTake(ulong set, out SignalInfo info)
    {
        ulong wanted = Set & set;
        info = default;
        if (wanted == 0)
        {
            return false;
        }

        ulong first = (wanted & Signals.Synchronous) != 0 ? wanted & Signals.Synchronous : wanted;
        int number = System.Numerics.BitOperations.TrailingZeroCount(first) + 1;
        if (_queues[number] is Queue<SignalInfo> queue && queue.TryDequeue(out info))
        {
            Count--;
            if (queue.Count > 0)
            {
                return true;
            }
        }
        else
        {
            info = new SignalInfo(number, SignalInfo.User);
        }

        Set &= ~Signals.Bit(number);
        return true;
    }
}
