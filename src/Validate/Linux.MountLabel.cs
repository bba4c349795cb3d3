using System;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // fsconfig(2) takes 255 bytes.
    private const int MaximumMountLabel = 255;

    private void MountLabel()
    {
        Utf8 label = _config.Linux?.MountLabel ?? default;
        if (label.IsEmpty)
            return;
        if (label.Length > MaximumMountLabel || !IsLabel(label.Span))
        {
            Add(new Fault("not a label of SELinux")
            {
                Field = "linux.mountLabel",
                Value = Shown(label),
                Hint = "give user:role:type or user:role:type:level, without quotes and spaces, in at most 255 bytes",
            });
        }
        else if (!_facts.SELinux)
        {
            Add(new Fault("selinux label is specified in config, but selinux is disabled or not supported")
            {
                Field = "linux.mountLabel",
                Value = Shown(label),
                Hint = "remove it, or enable SELinux and mount its file system on /sys/fs/selinux",
            });
        }

        Utf8 context = _config.Annotation("run.oci.mount_context_type"u8);
        if (!context.IsNull && !context.Is("context"u8) && !context.Is("fscontext"u8) && !context.Is("defcontext"u8) && !context.Is("rootcontext"u8))
        {
            Add(new Fault("unknown mount context type")
            {
                Field = "annotations[\"run.oci.mount_context_type\"]",
                Value = Shown(context),
                Hint = "use one of context, fscontext, defcontext, rootcontext",
            });
        }
    }

    // It stands between quotes among the options of mount(2); which labels there are is the policy's to say.
    private static bool IsLabel(ReadOnlySpan<byte> label)
    {
        int colons = 0;
        foreach (byte b in label)
        {
            if (b is <= 0x20 or >= 0x7f or (byte)'"' or (byte)'\'' or (byte)'\\')
                return false;
            if (b == (byte)':')
                colons++;
        }

        return colons >= 2;
    }
}
