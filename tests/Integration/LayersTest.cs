using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using FluentAssertions;
using Mono.Unix.Native;

namespace OciRun.Tests.Integration;

/// <summary>A bundle whose busybox rootfs is the lowest layer, with more layers beside it.</summary>
public abstract class LayersTest : RuntimeTest
{
    private readonly List<string> hostMounts;

    protected LayersTest()
    {
        hostMounts = MountTable();
        Bundle.Config.Remove("root");
    }

    /// <summary>The layer that has a shell.</summary>
    protected string Base => Bundle.Rootfs;

    /// <summary>Asserts that the host's mount table is as before the test.</summary>
    protected void HostMountsAreUnchanged() => MountTable().Should().Equal(hostMounts);

    protected string Layer(string name, params (string Path, string Text)[] files)
    {
        string layer = Path.Combine(Work, "layers", name);
        Directory.CreateDirectory(layer);
        foreach ((string path, string text) in files)
        {
            string full = Path.Combine(layer, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.WriteAllText(full, text + "\n");
        }

        return layer;
    }

    /// <summary>Layers that each have a file of their own and one in common; the lowest is the one with the shell.</summary>
    protected string[] Many(int count)
    {
        List<string> layers = Enumerable.Range(0, count - 1)
            .Select(i => Layer(i.ToString(CultureInfo.InvariantCulture), ($"n/{i}", "x"), ("top", i.ToString(CultureInfo.InvariantCulture))))
            .ToList();
        return layers.Append(Base).ToArray();
    }

    protected static string[] Flags(IEnumerable<string> layers, params string[] more) =>
        layers.SelectMany(layer => new[] { "--layer", layer }).Concat(more).ToArray();

    /// <summary>Flags for an upper and a work directory.</summary>
    protected string[] Writable()
    {
        string upper = Path.Combine(Work, "upper");
        string work = Path.Combine(Work, "workdir");
        Directory.CreateDirectory(upper);
        Directory.CreateDirectory(work);
        File.SetUnixFileMode(upper, (UnixFileMode)0b111_101_101);
        return ["--upper", upper, "--work", work];
    }

    /// <summary>A character device 0:0, which hides what is below (overlayfs.rst, "whiteouts and opaque directories").</summary>
    protected static void Whiteout(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Syscall.mknod(path, FilePermissions.S_IFCHR, 0).Should().Be(0);
    }

    protected static void Attribute(string path, string name, string value) =>
        Syscall.setxattr(path, name, System.Text.Encoding.ASCII.GetBytes(value)).Should().Be(0, $"{path} takes {name}");

    protected static void Own(int id, params string[] paths) => Execute("chown", ["-hR", $"{id}:{id}", .. paths]);

    private static List<string> MountTable() => File.ReadLines("/proc/self/mountinfo").Order(StringComparer.Ordinal).ToList();
}
