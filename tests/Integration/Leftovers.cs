using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using Mono.Unix.Native;

namespace OciRun.Tests.Integration;

/// <summary>
/// What one test may have left on the machine: processes, mounts, cgroups, state, files, each recognised by the
/// test's own directory or by an id it used, so that neighbours do not matter.
/// </summary>
internal static class Leftovers
{
    /// <summary>All leftovers, after giving the kernel up to two seconds to finish what is under way.</summary>
    /// <param name="work">The test's directory.</param>
    /// <param name="stateRoot">The state root.</param>
    /// <param name="ids">The test's ids.</param>
    /// <param name="expected">What is there on purpose.</param>
    public static IReadOnlyList<string> Find(string work, string stateRoot, IReadOnlyCollection<string> ids, IReadOnlyCollection<string>? expected = null)
    {
        List<string> found = new();
        for (int attempt = 0; attempt < 40; attempt++)
        {
            found.Clear();
            found.AddRange(Processes(work, ids));
            found.AddRange(Mounts(work));
            found.AddRange(Cgroups(ids));
            found.AddRange(State(stateRoot));
            found.AddRange(Files(ids));
            found.AddRange(NullDevice(work));
            if (expected is not null)
                found.RemoveAll(expected.Contains);
            if (found.Count == 0)
                break;
            Thread.Sleep(50);
        }

        return found;
    }

    public static string? Cgroup2Mount { get; } = File.ReadLines("/proc/self/mountinfo")
        .Select(line => line.Split(' '))
        .Where(fields => fields[Array.IndexOf(fields, "-") + 1] == "cgroup2")
        .Select(fields => fields[4])
        .FirstOrDefault();

    public static IEnumerable<string> Mounts(string work) =>
        File.ReadLines("/proc/self/mountinfo").Where(l => l.Contains(work, StringComparison.Ordinal)).Select(l => "mount: " + l);

    /// <summary>Processes with their root, directory, executable, arguments, cgroup or mounts in this test.</summary>
    public static IEnumerable<string> Processes(string work, IReadOnlyCollection<string> ids)
    {
        string ours = Link("/proc/self/ns/mnt");
        foreach (string dir in Directory.EnumerateDirectories("/proc").Where(d => char.IsAsciiDigit(d[6])))
        {
            if (dir == $"/proc/{Environment.ProcessId}")
                continue;
            string stat = Text(dir + "/stat");
            if (stat.Length == 0 || stat[(stat.LastIndexOf(')') + 2)..][0] is 'Z' or 'X')
                continue;
            string evidence = string.Join('\n', Link(dir + "/root"), Link(dir + "/cwd"), Link(dir + "/exe"),
                Text(dir + "/cmdline").Replace('\0', ' '), Text(dir + "/cgroup"));
            string mount = Link(dir + "/ns/mnt");
            if (mount != ours && mount.Length > 0)
                evidence += Text(dir + "/mountinfo");
            if (evidence.Contains(work, StringComparison.Ordinal) || ids.Any(id => evidence.Contains(id, StringComparison.Ordinal)))
                yield return $"process: {Path.GetFileName(dir)} {stat.Split(' ')[1]} {Text(dir + "/cmdline").Replace('\0', ' ')}";
        }
    }

    // A caller's stdio is often the host's null device; a runtime that chowns stdio must leave it alone. The tests give
    // runtimes a node of their own, so that one which does not leave it alone does no harm.
    private static IEnumerable<string> NullDevice(string work)
    {
        if (Syscall.stat(NullDevicePath(work), out Stat stat) == 0 && (stat.st_uid != 0 || stat.st_gid != 0))
            yield return $"owner of the null device: {stat.st_uid}:{stat.st_gid}";
    }

    /// <summary>A character device 1:3 that only this test uses.</summary>
    public static string NullDevicePath(string work) => Path.Combine(work, "null");

    public static void MakeNullDevice(string work)
    {
        string path = NullDevicePath(work);
        Syscall.mknod(path, FilePermissions.S_IFCHR | (FilePermissions)0b110_110_110, (1 << 8) | 3);
        Syscall.chmod(path, (FilePermissions)0b110_110_110);
    }

    /// <summary>Takes away by force what a failed test left, so that the next one starts clean.</summary>
    public static void Remove(string work, IReadOnlyCollection<string> ids)
    {
        foreach (string line in Processes(work, ids))
            Syscall.kill(int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture), Signum.SIGKILL);
        foreach (string line in Mounts(work).Reverse())
        {
            using Process umount = Process.Start("umount", new[] { "-l", line.Split(' ')[5] });
            umount.WaitForExit();
        }

        for (int attempt = 0; attempt < 20 && Cgroups(ids).Any(); attempt++)
        {
            foreach (string line in Cgroups(ids).Reverse())
                Syscall.rmdir(line["cgroup: ".Length..]);
            Thread.Sleep(50);
        }

        if (!Mounts(work).Any())
            Directory.Delete(work, recursive: true);
    }

    private static IEnumerable<string> Cgroups(IReadOnlyCollection<string> ids)
    {
        if (Cgroup2Mount is null)
            yield break;
        EnumerationOptions options = new()
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = 4,
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.None,
        };
        foreach (string dir in Directory.EnumerateDirectories(Cgroup2Mount, "*", options))
        {
            if (ids.Any(id => dir.Contains(id, StringComparison.Ordinal)))
                yield return "cgroup: " + dir;
        }
    }

    // crun keeps compiled seccomp programs in .cache on purpose; ocirun has no such directory.
    private static IEnumerable<string> State(string root) => !Directory.Exists(root)
        ? Array.Empty<string>()
        : Directory.EnumerateFileSystemEntries(root)
            .Where(e => Runtime.IsOcirun || Path.GetFileName(e) != ".cache")
            .Select(e => "state: " + e);

    private static IEnumerable<string> Files(IReadOnlyCollection<string> ids)
    {
        EnumerationOptions options = new()
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = 1,
            IgnoreInaccessible = true,
            AttributesToSkip = FileAttributes.None,
        };
        // systemd keeps a file for every transient unit that it has not forgotten.
        string[] places = { "/run", "/dev/shm", "/var/run", "/run/systemd/transient" };
        foreach (string place in places.Where(Directory.Exists))
        {
            foreach (string entry in Directory.EnumerateFileSystemEntries(place, "*", options))
            {
                if (ids.Any(id => entry.Contains(id, StringComparison.Ordinal)))
                    yield return "file: " + entry;
            }
        }
    }

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string Link(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
