using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

internal ref partial struct Rules
{
    // Of processes that `exec` adds; the first one has all CPUs of its cgroup.
    private void ExecCpuAffinity(ExecCpuAffinity? affinity)
    {
        if (affinity is null)
            return;
        List("process.execCPUAffinity.initial", affinity.Initial);
        List("process.execCPUAffinity.final", affinity.Final);
    }

    private void List(string field, Utf8 list)
    {
        if (!list.IsEmpty && NumberList.Parse(list.Span, out string problem) is null)
            Add(new Fault(problem) { Field = field, Value = Shown(list), Hint = "use a list such as 0-3,7" });
    }
}
