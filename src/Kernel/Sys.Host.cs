namespace OciRun.Kernel;

internal static unsafe partial class Sys
{
    /// <summary>uname(2): cannot fail with a valid buffer.</summary>
    public static int uname(out utsname name)
    {
        fixed (utsname* p = &name)
            return (int)Call(SYS.uname, (long)p);
    }
}
