using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using Xunit;

namespace OciRun.Tests.Cgroups;

/// <summary>
/// A stand-in for resctrl, which needs hardware: a file system of this process (FUSE) that behaves like it where
/// ocirun touches it. A new directory has the kernel's files at once, removing it needs no emptying, a task enters a
/// monitoring group only from its control group, and info/last_cmd_status says why a write was refused. What only the
/// hardware can show (masks that are applied) is not tested by it.
/// </summary>
internal sealed class FakeResctrl : IDisposable
{
    private readonly Dictionary<ulong, Node> nodes = [];
    private readonly int fuse;
    private readonly Thread server;
    private ulong last = 1;

    public FakeResctrl(string path, bool cache = true, bool bandwidth = true, bool monitoring = true)
    {
        Path = path;
        Monitoring = monitoring;
        Directory.CreateDirectory(path);
        Root = Add(null, "", directory: true);
        Node info = Add(Root, "info", directory: true);
        Status = Add(info, "last_cmd_status", directory: false);
        Status.Text = "ok\n";
        if (cache)
            Add(info, "L3", directory: true);
        if (bandwidth)
            Add(Add(info, "MB", directory: true), "bandwidth_gran", directory: false).Text = "10\n";
        Fill(Root, control: true);
        fuse = open("/dev/fuse", 2 | 0x80000);
        if (fuse < 0 || mount("fake-resctrl", path, "fuse", 0, $"fd={fuse},rootmode=40000,user_id=0,group_id=0,allow_other") != 0)
            throw new IOException($"cannot mount the stand-in: errno {Marshal.GetLastPInvokeError()}");
        server = new Thread(Serve) { IsBackground = true };
        server.Start();
    }

    public string Path { get; }

    /// <summary>Text of a file; null when it does not exist.</summary>
    public string? this[string path]
    {
        get
        {
            lock (nodes)
                return Find(path)?.Text;
        }
    }

    /// <summary>Whether the directory exists.</summary>
    public bool Has(string path)
    {
        lock (nodes)
            return Find(path) is not null;
    }

    /// <summary>Refuses further groups with ENOSPC.</summary>
    public bool Full { get; set; }

    private Node Root { get; }

    private Node Status { get; }

    private bool Monitoring { get; }

    public void Dispose()
    {
        umount2(Path, 2);
        close(fuse);
    }

    /// <summary>What this needs; null when it is there.</summary>
    public static string? Missing()
    {
        if (geteuid() != 0)
            return "needs root";
        return File.Exists("/dev/fuse") ? null : "needs /dev/fuse: load the module fuse";
    }

    private sealed class Node
    {
        public required ulong Number { get; init; }

        public required string Name { get; init; }

        public required bool IsDirectory { get; init; }

        public required Node? Parent { get; init; }

        public Dictionary<string, Node> Children { get; } = new(StringComparer.Ordinal);

        public string Text { get; set; } = "";
    }

    private Node? Find(string path) =>
        path.Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate((Node?)Root, (node, name) => node?.Children.GetValueOrDefault(name));

    private Node Add(Node? parent, string name, bool directory)
    {
        Node node = new() { Number = last++, Name = name, IsDirectory = directory, Parent = parent };
        parent?.Children.Add(name, node);
        nodes.Add(node.Number, node);
        return node;
    }

    private void Fill(Node group, bool control)
    {
        Add(group, "tasks", directory: false);
        if (control)
        {
            Add(group, "schemata", directory: false).Text = "    MB:0=100;1=100\n    L3:0=fff;1=fff\n";
            if (Monitoring)
                Add(group, "mon_groups", directory: true);
        }
    }

    private void Serve()
    {
        byte[] request = new byte[256 << 10];
        while (true)
        {
            nint length = read(fuse, request, request.Length);
            if (length < 40)
            {
                if (length < 0 && Marshal.GetLastPInvokeError() is 4 or 2 or 11)
                    continue;
                return;
            }

            uint operation = BinaryPrimitives.ReadUInt32LittleEndian(request.AsSpan(4));
            ulong number = BinaryPrimitives.ReadUInt64LittleEndian(request.AsSpan(16));
            byte[] body = request.AsSpan(40, (int)length - 40).ToArray();
            if (operation is 2 or 42)
                continue;
            int error;
            byte[] answer;
            lock (nodes)
                (error, answer) = nodes.TryGetValue(number, out Node? node) || operation == 26 ? Answer(operation, node!, body) : (2, []);
            byte[] reply = new byte[16 + answer.Length];
            BinaryPrimitives.WriteUInt32LittleEndian(reply, (uint)reply.Length);
            BinaryPrimitives.WriteInt32LittleEndian(reply.AsSpan(4), -error);
            request.AsSpan(8, 8).CopyTo(reply.AsSpan(8));
            answer.CopyTo(reply, 16);
            write(fuse, reply, reply.Length);
        }
    }

    // Numbers of linux/fuse.h.
    private (int Error, byte[] Answer) Answer(uint operation, Node node, byte[] body) => operation switch
    {
        1 => node.Children.TryGetValue(Text(body), out Node? child) ? (0, Entry(child)) : (2, []),
        3 or 4 => (0, [.. new byte[16], .. Attributes(node)]),
        9 => Make(node, Text(body.AsSpan(8))),
        10 => (1, []),
        11 => Unmake(node, Text(body)),
        14 or 27 => (0, [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        15 => (0, Part(node, body)),
        16 => Write(node, Encoding.UTF8.GetString(body, 40, BitConverter.ToInt32(body, 16))),
        17 => (0, new byte[80]),
        18 or 25 or 29 => (0, []),
        26 => (0, Init()),
        28 => (0, []),
        _ => (38, []),
    };

    private (int, byte[]) Make(Node parent, string name)
    {
        bool control = parent == Root;
        if (!control && parent.Name != "mon_groups")
            return (1, []);
        if (parent.Children.ContainsKey(name))
            return (17, []);
        if (Full)
            return Refuse(28, "Out of CLOSIDs");
        Node group = Add(parent, name, directory: true);
        Fill(group, control);
        return (0, Entry(group));
    }

    private (int, byte[]) Unmake(Node parent, string name)
    {
        if (!parent.Children.TryGetValue(name, out Node? group))
            return (2, []);
        if ((parent != Root && parent.Name != "mon_groups") || name is "info" or "mon_groups")
            return (1, []);
        parent.Children.Remove(name);
        return (0, []);
    }

    private (int, byte[]) Write(Node file, string text)
    {
        if (file.Name == "tasks" && file.Parent!.Parent is { Name: "mon_groups" } groups
            && !groups.Parent!.Children["tasks"].Text.Contains(text, StringComparison.Ordinal))
            return Refuse(22, "Can't move task to different control group");
        if (file.Name == "schemata" && (!text.EndsWith('\n') || text.Contains("bad", StringComparison.Ordinal)))
            return Refuse(22, "Unknown or unsupported resource name 'bad'");
        file.Text = file.Name == "tasks" ? file.Text + text + "\n" : text;
        Status.Text = "ok\n";
        return (0, [.. BitConverter.GetBytes(Encoding.UTF8.GetByteCount(text)), 0, 0, 0, 0]);
    }

    private (int, byte[]) Refuse(int error, string why)
    {
        Status.Text = why + "\n";
        return (error, []);
    }

    private static byte[] Part(Node node, byte[] body)
    {
        byte[] all = Encoding.UTF8.GetBytes(node.Text);
        int offset = (int)Math.Min(BitConverter.ToInt64(body, 8), all.Length);
        return all[offset..Math.Min(all.Length, offset + BitConverter.ToInt32(body, 16))];
    }

    private static string Text(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name[..name.IndexOf((byte)0)]);

    private static byte[] Entry(Node node)
    {
        byte[] entry = new byte[128];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, node.Number);
        Attributes(node).CopyTo(entry, 40);
        return entry;
    }

    private static byte[] Attributes(Node node)
    {
        byte[] attributes = new byte[88];
        BinaryPrimitives.WriteUInt64LittleEndian(attributes, node.Number);
        BinaryPrimitives.WriteUInt32LittleEndian(attributes.AsSpan(60), node.IsDirectory ? 0x41edu : 0x81a4u);
        BinaryPrimitives.WriteUInt32LittleEndian(attributes.AsSpan(64), 1);
        return attributes;
    }

    private static byte[] Init()
    {
        byte[] init = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(init, 7);
        BinaryPrimitives.WriteUInt32LittleEndian(init.AsSpan(4), 31);
        BinaryPrimitives.WriteUInt32LittleEndian(init.AsSpan(20), 65536);
        BinaryPrimitives.WriteUInt32LittleEndian(init.AsSpan(24), 1);
        return init;
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int mount(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string source,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string target,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string type,
        nuint flags,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string data);

    [DllImport("libc", SetLastError = true)]
    private static extern int umount2([MarshalAs(UnmanagedType.LPUTF8Str)] string target, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern nint read(int fd, byte[] buffer, nint count);

    [DllImport("libc", SetLastError = true)]
    private static extern nint write(int fd, byte[] buffer, nint count);

    [DllImport("libc")]
    private static extern int close(int fd);

    [DllImport("libc")]
    private static extern uint geteuid();
}

/// <summary>A test against <see cref="FakeResctrl"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FakeResctrlFactAttribute : FactAttribute
{
    public FakeResctrlFactAttribute() => Skip = FakeResctrl.Missing();
}

/// <summary>A theory against <see cref="FakeResctrl"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FakeResctrlTheoryAttribute : TheoryAttribute
{
    public FakeResctrlTheoryAttribute() => Skip = FakeResctrl.Missing();
}
