namespace OciRun.Kernel;

internal static unsafe partial class Sys
{
    /// <summary>
    /// Whether the kernel has a system call, which is made with arguments that no call can take: every one -1. Only for
    /// calls whose first argument is a descriptor, an address or a command.
    /// </summary>
    public static bool Has(long number) => Call(number, -1, -1, -1, -1, -1, -1) != -Errno.ENOSYS;

    /// <summary>uname(2): cannot fail with a valid buffer.</summary>
    public static int uname(out utsname name)
    {
        fixed (utsname* p = &name)
            return (int)Call(SYS.uname, (long)p);
    }
}
