using OciRun.Spec;

namespace OciRun.Cgroups;

internal sealed partial class ResctrlGroup
{
    /// <summary>The group of a container, as its record names it.</summary>
    /// <exception cref="Errors.FaultException">It is gone, or no group.</exception>
    public static ResctrlGroup Open(ResctrlTree tree, string name, string id)
    {
        ResctrlGroup group = new(tree, name, id, tree.Open(name));
        try
        {
            if (group._directory.Number < 0)
                throw Failed(tree, $"cannot open {tree.Path}/{name}", "openat", group._directory.Number);
            group.CheckIsGroup();
            return group;
        }
        catch
        {
            group.Dispose();
            throw;
        }
    }

    /// <summary>Writes schemas over those in force; what they do not name stays.</summary>
    /// <returns>The schemata as they were, for <see cref="Restore"/>.</returns>
    /// <exception cref="Errors.FaultException">The machine does not allocate this, or the kernel refuses; nothing has changed.</exception>
    public byte[] Change(IntelRdt rdt)
    {
        CheckAllocation(_tree, rdt);
        byte[] before = ReadSchemata();
        Write("schemata", Schemata.Text(Schemata.Lines(rdt)));
        return before;
    }

    /// <summary>Writes back what <see cref="Change"/> returned.</summary>
    public void Restore(byte[] before) => Write("schemata", before);
}
