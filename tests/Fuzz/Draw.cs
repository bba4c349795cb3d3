using System;
using System.Collections.Generic;

namespace OciRun.Fuzz;

/// <summary>
/// The choices of one input: SplitMix64 (Steele, Lea and Flood, 2014), so that the same seed gives the same input with
/// every version of the framework.
/// </summary>
internal sealed class Draw
{
    private ulong _state;

    public Draw(ulong seed) => _state = seed;

    /// <summary>Of one input of one target: every index can be made again without those before it.</summary>
    public static Draw For(ulong seed, string target, long index)
    {
        unchecked
        {
            ulong mixed = seed;
            foreach (char c in target)
                mixed = new Draw(mixed ^ c).Next();
            return new Draw(new Draw(mixed ^ (ulong)index).Next());
        }
    }

    public ulong Next()
    {
        unchecked
        {
            ulong z = _state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>0 up to the bound, which is left out.</summary>
    public int Below(int bound) => (int)(Next() % (uint)bound);

    public bool Chance(int percent) => Below(100) < percent;

    public T Of<T>(IReadOnlyList<T> list) => list[Below(list.Count)];

    public T Of<T>(ReadOnlySpan<T> list) => list[Below(list.Length)];

    /// <summary>1 most often, every larger number half as often as the one before.</summary>
    public int Few(int most)
    {
        int count = 1;
        while (count < most && Chance(50))
            count++;
        return count;
    }

    public byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
            bytes[i] = (byte)(Next() & 0xff);
        return bytes;
    }
}
