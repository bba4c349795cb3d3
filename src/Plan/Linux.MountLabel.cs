using System.Collections.Generic;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    // The option that gives the label: of all files for good, or as crun's annotation says.
    private string LabelOption
    {
        get
        {
            Utf8 annotation = _config.Annotation("run.oci.mount_context_type"u8);
            return annotation.IsNull ? "context" : annotation.ToString();
        }
    }

    // proc, sysfs and cgroup file systems have labels of the policy's own; mqueue takes one on its root directory only.
    private void Label(MountStep* m, Utf8 type, List<Utf8> words, List<byte> data)
    {
        Utf8 label = _linux.MountLabel;
        if (label.IsEmpty || type.Is("proc"u8) || type.Is("sysfs"u8) || type.Is("cgroup"u8) || type.Is("cgroup2"u8))
            return;
        if (type.Is("mqueue"u8))
        {
            m->Label = Arena.Text(label);
            m->LabelLength = label.Length;
            return;
        }

        string option = LabelOption;
        foreach (Utf8 word in words)
        {
            // The kernel takes one, and the mount's own is the more particular.
            if (word.StartsWith(Sys.Bytes(option + "=")))
                return;
        }

        Label(m, option, label, data);
    }

    // Without quotes for fsconfig(2); with them for mount(2), whose options have commas between them as levels have.
    private void Label(MountStep* m, string option, Utf8 label, List<byte> data)
    {
        m->Parameters[2 * m->ParameterCount] = Arena.Text(new Utf8(option));
        m->Parameters[(2 * m->ParameterCount) + 1] = Arena.Text(label);
        m->ParameterCount++;
        if (data.Count > 0)
            data.Add((byte)',');
        data.AddRange(Sys.Bytes($"{option}=\"{label}\""));
    }

    // The same quotes around the value of a label among a mount's own options.
    private static Utf8 WithoutQuotes(Utf8 word, int equals)
    {
        Utf8 value = word.Slice(equals + 1);
        bool label = word.StartsWith("context="u8) || word.StartsWith("fscontext="u8) || word.StartsWith("defcontext="u8)
            || word.StartsWith("rootcontext="u8);
        bool quoted = label && value.Length > 1 && value[0] == (byte)'"' && value[^1] == (byte)'"';
        return quoted ? value.Slice(1, value.Length - 2) : value;
    }
}
