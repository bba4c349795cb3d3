using OciRun.Spec;

namespace OciRun.Plan;

internal sealed unsafe partial class Planner
{
    private void ReadonlyPaths()
    {
        Utf8[] paths = _linux.ReadonlyPaths ?? [];
        if (paths.Length == 0)
            return;
        NeedMountNamespace("linux.readonlyPaths");
        for (int i = 0; i < paths.Length; i++)
            _plan.Add(PathStep(Op.ReadonlyPath, paths[i], $"linux.readonlyPaths[{i}]"));
    }
}
