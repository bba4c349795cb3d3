using System;
using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private void SelinuxLabel() => SelinuxLabel(Op.SelinuxLabel);

    private void KeyringLabel()
    {
        if (_config.Process!.SelinuxLabel.IsEmpty)
            return;
        OpenProc();
        SelinuxLabel(Op.KeyringLabel);
    }

    private void SelinuxLabel(Op op)
    {
        Utf8 label = _config.Process!.SelinuxLabel;
        if (label.IsEmpty)
            return;
        Step step = TextStep(op, label.Span, $"process.selinuxLabel \"{label}\"");
        step.Number = label.Length;
        step.Second = Arena.Text(label.Span[..TypeEnd(label.Span)]);
        _plan.Add(step);
    }

    // user:role:type:level
    private static int TypeEnd(ReadOnlySpan<byte> label)
    {
        int end = -1;
        for (int i = 0; i < 3; i++)
        {
            int next = label[(end + 1)..].IndexOf((byte)':');
            if (next < 0)
                return label.Length;
            end += next + 1;
        }

        return end;
    }
}
