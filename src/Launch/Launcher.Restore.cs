using OciRun.Kernel;

namespace OciRun.Launch;

internal static unsafe partial class Launcher
{
    /// <summary>As <see cref="Run"/>, with processes from the images of a checkpoint.</summary>
    public static int Restore(LaunchOptions options, CriuFlags flags)
    {
        SelfCopy.Ensure();
        if (!options.Detach && !options.NoSubreaper)
            Sys.prctl(Uapi.PR_SET_CHILD_SUBREAPER, 1);
        using Creation creation = new(options, waitsAtGate: false, flags);
        creation.Prepare();
        creation.PrepareRestore();
        creation.Reserve();
        creation.Restore();
        creation.Poststart();
        return Follow(creation, options, notify: null);
    }
}
