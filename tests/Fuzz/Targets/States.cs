using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Spec;
using OciRun.State;

namespace OciRun.Fuzz.Targets;

/// <summary>state.json, and the other texts of the state directory.</summary>
internal static class States
{
    public static IEnumerable<Target> All(Corpus corpus)
    {
        ContainerRecord plain = new() { Id = "box", Bundle = "/bundle", Rootfs = "/bundle/rootfs", Created = "2026-01-31T10:20:30.123456700Z", Pid = 4711, StartTime = 123456 };
        ContainerRecord full = plain with
        {
            OciVersion = "1.3.0",
            Owner = 1000,
            CgroupPath = "/sys/fs/cgroup/box",
            OwnPidNamespace = true,
            SystemdCgroup = true,
            SystemdUnit = "ocirun-box.scope",
            SystemdUser = true,
            SystemdBus = "unix:path=/run/user/1000/bus",
            SubCgroup = "payload/a",
            ResctrlGroup = "box",
            ResctrlOwned = true,
            ResctrlMonitored = true,
            RootfsMount = 99,
            Layers = true,
            LastWords = true,
            NoNewKeyring = true,
            Rootless = true,
            Annotations = [new Pair("a", "b"), new Pair("c\n", "\"")],
        };
        Node[] seeds = [Node.Parse(ContainerRecordWriter.Write(plain))!, Node.Parse(ContainerRecordWriter.Write(full))!];
        foreach (Node seed in seeds)
        {
            foreach ((byte[]? key, Node value) in seed.Items)
                corpus.Donate(Encoding.UTF8.GetString(key!), value);
        }

        yield return Doors.Json("state", corpus, seeds, State);
    }

    private static string State(byte[] input)
    {
        ContainerRecord record = ContainerRecordReader.Read(input, "box", "/run/ocirun/box/state.json");
        BrokenRule.Unless(record.CgroupPath is null || CgroupLocation.IsPlain(record.CgroupPath), "a cgroup path that is not plain");
        byte[] written = ContainerRecordWriter.Write(record);
        byte[] again = ContainerRecordWriter.Write(ContainerRecordReader.Read(written, "box", "written"));
        BrokenRule.Unless(written.AsSpan().SequenceEqual(again), "a record that is written reads back otherwise");
        return Encoding.UTF8.GetString(written);
    }
}
