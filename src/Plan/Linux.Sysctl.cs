using System;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private void Sysctl()
    {
        foreach (Pair pair in _linux.Sysctl ?? [])
        {
            string field = $"linux.sysctl[\"{pair.Key}\"]";
            Step step = TextStep(Op.Sysctl, SysctlPath(pair.Key, field).Span, $"{field} \"{pair.Value}\"");
            step.Second = Arena.Text(pair.Value);
            step.Number = pair.Value.Length;
            _plan.Add(step);
        }
    }

    /// <summary>
    /// Path below /proc/sys. The first separator decides the notation, and in it the other character is literal:
    /// <c>net/ipv4/conf/eno1.100/forwarding</c> is <c>net.ipv4.conf.eno1/100.forwarding</c> (sysctl.d(5)).
    /// </summary>
    public static Utf8 SysctlPath(Utf8 key, string field)
    {
        ReadOnlySpan<byte> text = key.Span;
        int first = text.IndexOfAny((byte)'.', (byte)'/');
        bool dots = first >= 0 && text[first] == (byte)'.';
        byte[] path = new byte[text.Length + 4];
        "sys/"u8.CopyTo(path);
        for (int i = 0; i < text.Length; i++)
        {
            byte c = text[i];
            path[i + 4] = !dots ? c : c switch { (byte)'.' => (byte)'/', (byte)'/' => (byte)'.', _ => c };
        }

        Utf8 result = new(path);
        if (text.IsEmpty || !Paths.InRoot(result).Equals(result) || text.IndexOfAny((byte)' ', (byte)'\n', (byte)'\t') >= 0)
            throw new FaultException(new Fault("not the name of a sysctl") { Field = field });
        return result;
    }
}
