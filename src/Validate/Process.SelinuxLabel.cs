using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    private void SelinuxLabel(Utf8 label)
    {
        if (label.IsEmpty || _facts.SELinux)
            return;
        Add(new Fault("selinux label is specified in config, but selinux is disabled or not supported")
        {
            Field = "process.selinuxLabel",
            Value = Shown(label),
            Hint = "remove it, or enable SELinux and mount its file system on /sys/fs/selinux",
        });
    }
}
