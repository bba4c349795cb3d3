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
        {
            if (_lateReadonly.Count > 0)
                ReadonlyMounts(paths[i]);
            _plan.Add(PathStep(Op.ReadonlyPath, paths[i], $"linux.readonlyPaths[{i}]"));
        }
    }

    // What shows from then on is a clone of the tree, whose mounts stay as they were: those that shall be read-only are made
    // so first. Only the working directory is made later than this.
    private void ReadonlyMounts(Utf8 path)
    {
        if (!path.StartsWith("/"u8))
            return;
        Utf8 above = Paths.InRoot(path);
        Utf8 working = Paths.InRoot(_config.Process!.Cwd);
        for (int i = 0; i < _lateReadonly.Count;)
        {
            (int slot, string field, Utf8 target) = _lateReadonly[i];
            bool isBelow = above.IsEmpty || Paths.IsWithin(target, above.Span);
            if (!isBelow || Paths.IsWithin(working, target.Span))
            {
                i++;
                continue;
            }

            _plan.Add(Op.ReadonlyMount, field, slot);
            _lateReadonly.RemoveAt(i);
        }
    }
}
