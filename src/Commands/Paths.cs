using System;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;

namespace OciRun.Commands;

/// <summary>Makes the paths of the command line absolute once, at the start (security.md R-002).</summary>
internal static class Paths
{
    /// <summary>
    /// Joins a relative path to the working directory and drops <c>.</c> and empty components. A <c>..</c> stays: what
    /// it means depends on links, which only the kernel resolves.
    /// </summary>
    /// <param name="path">Not empty.</param>
    /// <param name="option">For the error text.</param>
    /// <exception cref="FaultException">The path is relative and the working directory has been deleted.</exception>
    public static string Absolute(string path, string option)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new FaultException(new Fault("contains a NUL") { Field = option, Value = path });
        return Clean(path[0] == '/' ? path : $"{WorkingDirectory(option)}/{path}");
    }

    /// <summary>Absolute path of the working directory.</summary>
    /// <exception cref="FaultException">It has been deleted.</exception>
    public static string WorkingDirectory(string option)
    {
        Span<byte> buffer = stackalloc byte[4096];
        int length = Sys.getcwd(buffer);
        // The kernel marks a directory outside of the root with "(unreachable)" (getcwd(2)).
        if (length > 1 && buffer[0] == (byte)'/')
            return Encoding.UTF8.GetString(buffer[..(length - 1)]);
        throw new FaultException(new Fault("the working directory does not exist")
        {
            Field = option,
            Syscall = "getcwd",
            Errno = length < 0 ? -length : Errno.ENOENT,
            Hint = "give an absolute path",
        });
    }

    internal static string Clean(string path)
    {
        if (!path.Contains("//", StringComparison.Ordinal) && !path.Contains("/.", StringComparison.Ordinal)
            && !path.EndsWith('/'))
            return path;
        StringBuilder clean = new(path.Length);
        foreach (string part in path.Split('/'))
        {
            if (part is not ("" or "."))
                clean.Append('/').Append(part);
        }

        return clean.Length == 0 ? "/" : clean.ToString();
    }
}
