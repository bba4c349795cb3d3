using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using OciRun.Cgroups;
using OciRun.Commands;
using OciRun.Errors;
using OciRun.Images;
using OciRun.Plan;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Fuzz.Targets;

/// <summary>Words of command lines, of mount options and of the files of users.</summary>
internal static class Words
{
    private static readonly string[] Single =
    [
        "box1", "a.b_c+d-e", "..", "", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "linux/arm64/v8", "5s", "1h2m3.5s", "-1.5ms", "500us", "0",
        "unix:path=/run/bus", "unix:abstract=/tmp/x,guid=0;tcp:host=x", "unix:path=/a%20b", "SIGKILL", "9", "RTMIN+3", "512m", "1.5g", "64MiB", "-1", "uids=0-1000-1", "gids=@0-1-2#5-6-7;uids=0-0-1",
        "../../etc", "./a//b/./c", ".wh..wh..opq", "a/.wh.b", "/system.slice:ocirun:box", "user-1000.slice:prefix:x", "a-b-c.slice", "kernel.shm_rmid_forced", "net.ipv4.ip_forward", "net/ipv4/conf/eth0.1/mtu",
        "1:2", "true", "0x1f", "^a.*[bc]{2}$", "127.0.0.1:27", "[::1]:5", "soft",
    ];

    private static readonly string[] Options =
    [
        "ro", "rw", "nosuid", "noexec", "nodev", "bind", "rbind", "rprivate", "rshared", "slave", "unbindable", "remount", "size=64k", "mode=755", "uid=0", "gid=5", "newinstance", "ptmxmode=0666",
        "idmap", "ridmap=uids=0-1-1", "tmpcopyup", "copy-symlink", "src-nofollow", "dest-nofollow", "rro", "rnoexec", "nosymfollow", "strictatime", "relatime", "noatime", "nodiratime", "lazytime", "sync",
        "dirsync", "mand", "silent", "iversion", "context=\"a:b:c\"", "data=x", "inside", "defaults", "X-mount.mkdir", "x-systemd.automount",
    ];

    private static readonly string[] CommandLines =
    [
        "--root\n/r\n--log=/l\ncreate\n--bundle\n/b\n--pid-file=p\nbox", "exec\n-t\n-u\n0:0\n--env\nA=b\n-d\nbox\nsh\n-c\nx", "kill\n--all\nbox\nKILL", "delete\n-f\nbox", "events\n--interval\n5s\nbox",
        "update\n--memory\n512m\n--pids-limit=-1\nbox", "run\n-b\n/b\n--preserve-fds\n3\n--\nbox", "list\n-f\njson\n-q", "ps\nbox\n-ef", "spec\n--rootless=false", "--debug=0\nfeatures", "unpack\n-tq\na:b\nc",
        "checkpoint\n--image-path\n/i\n--page-server\n1.2.3.4:5\nbox", "validate\n--format=json", "-h", "--\nrun", "-tq", "top\n-x", "mounts\nadd\nbox\n[]",
    ];

    private static readonly string[] Users =
    [
        "app:staff\0root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:,,,:/home/app:/bin/false\n\0root:x:0:\nstaff:x:50:app,bob\naudio:x:29:bob,app\n", "1000\0app:x:1000:1001::/:\n\0a:x:5:app\n", "\0\0",
        "0:4294967295\0\0", "nobody\0nobody:x:65534:65534\r\n\0nogroup:x:65534:nobody\r\n", "x\0x:::\n::::\n\0:", "4294967294:4294967294\0root::0:0::\0g::1:root",
    ];

    public static IEnumerable<Target> All() =>
    [
        Doors.Bytes("words", Encoded(Single), Word),
        new Target("options", Chosen, MountWords),
        Doors.Bytes("command-line", Encoded(CommandLines), CommandLine),
        Doors.Bytes("users", Encoded(Users), User),
    ];

    private static byte[][] Encoded(string[] texts) => Array.ConvertAll(texts, Encoding.UTF8.GetBytes);

    private static byte[] Chosen(Draw draw)
    {
        StringBuilder all = new();
        for (int i = draw.Few(10); i > 0; i--)
            all.Append(draw.Of<string>(Options)).Append('\n');
        byte[] text = Encoding.UTF8.GetBytes(all.ToString());
        return draw.Chance(50) ? ByteMutator.Mutate(text, draw) : text;
    }

    private static string Word(byte[] input)
    {
        string text = Encoding.UTF8.GetString(input);
        StringBuilder seen = new();

        // Neither a document nor an archive passes a NUL on.
        if (input.AsSpan().Contains((byte)0))
            input = [.. "no-nul"u8];
        Try(seen, () => ContainerId.Check(text));
        Try(seen, () => seen.Append(Digest.TryParse(new Utf8(input), out Digest digest) ? digest.ToString() : "no digest"));
        Try(seen, () => seen.Append(Platform.Parse(text)));
        Try(seen, () => seen.Append(Duration.Parse(text, "--interval")));
        Try(seen, () => seen.Append(string.Join<DBusAddress>(';', DBusAddress.Parse(text, "--bus"))));
        Try(seen, () => seen.Append(Signals.Parse(text)));
        Try(seen, () => seen.Append(Update.ParseSize(text)));
        Try(seen, () => seen.Append(IdMap.Parse(new Utf8(input), new Linux(), recursive: false, "mounts[0].options[0]")));
        Try(seen, () => seen.Append(Climbs(TreeName.Clean(new Utf8(input)))));
        Try(seen, () => seen.Append(Climbs(OciRun.Plan.Paths.InRoot(new Utf8(input)))));
        Try(seen, () => seen.Append(CgroupPath.Resolve(new Utf8(input), "box", "/own")));
        Try(seen, () => seen.Append(SystemdPath.Resolve(new Utf8(input), "box", isUser: true)));
        Try(seen, () => seen.Append(Climbs(Planner.SysctlPath(new Utf8(input), "linux.sysctl"))));
        Try(seen, () => seen.Append(Checkpoint.PageServer(text)));
        Try(seen, () => seen.Append(CgroupLocation.IsPlain(text)).Append(Prometheus.Escape(text)));
        Try(seen, () => seen.Append(string.Join(',', RdtLines(input))));
        return seen.ToString();
    }

    private static List<string> RdtLines(byte[] input) =>
        Schemata.Lines(new IntelRdt { L3CacheSchema = new Utf8(input), MemBwSchema = new Utf8(input) });

    // A name below a directory has no component that leaves it.
    private static Utf8 Climbs(Utf8 name)
    {
        foreach (Range part in name.Span.Split((byte)'/'))
            BrokenRule.Unless(!name.Span[part].SequenceEqual(".."u8), "a cleaned name that climbs");
        BrokenRule.Unless(!name.Span.Contains((byte)0), "a cleaned name with a NUL");
        return name;
    }

    private static void Try(StringBuilder seen, Action act)
    {
        try
        {
            act();
        }
        catch (FaultException e)
        {
            seen.Append(e.Fault.Text());
        }

        seen.Append('\n');
    }

    private static string MountWords(byte[] input)
    {
        List<Utf8> words = [];
        foreach (Range range in input.AsSpan().Split((byte)'\n'))
            words.Add(new Utf8(input.AsSpan()[range].ToArray()));
        MountOptions options = MountOptions.Parse([.. words]);
        return string.Create(CultureInfo.InvariantCulture, $"{options.Flags:x} {options.IsBind} {options.IsRemount} {MountOptions.Attributes(options.Flags):x}");
    }

    private static string CommandLine(byte[] input)
    {
        string[] words = Encoding.UTF8.GetString(input).Split('\n');
        StringBuilder seen = new();
        Arguments own = new(Globals.Describe());
        Parser.Parse(words, own);
        seen.Append(own.WantsHelp).AppendJoin(',', own.Positional);
        if (own.Positional is not [var name, ..] || Table.Find(name) is not { } verb)
            return seen.ToString();
        Arguments arguments = new(verb);
        Parser.Parse(own.Positional.AsSpan(1), arguments);
        return seen.Append(arguments.WantsHelp).AppendJoin(',', arguments.Positional).ToString();
    }

    private static string User(byte[] input)
    {
        List<byte[]> parts = [];
        foreach (Range range in input.AsSpan().Split((byte)0))
            parts.Add(input.AsSpan()[range].ToArray());
        while (parts.Count < 3)
            parts.Add([]);
        string name = new UserNames(Encoding.UTF8.GetString(parts[1])).Find(1000);
        ImageUser user = ImageUser.Resolve(new Utf8(parts[0]), parts[1], parts[2]);
        BrokenRule.Unless(user.Uid != uint.MaxValue && user.Gid != uint.MaxValue, "an id that is none");
        return $"{name} {user.Uid}:{user.Gid} {string.Join(',', user.Groups)}";
    }
}
