using System;
using System.Buffers.Text;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Validate;

/// <summary>Words of mounts[].options that go to the file system; one text may hold several, with commas.</summary>
internal ref partial struct Rules
{
    // A mount of type "cgroup" becomes one of cgroup v2. Words that pick a v1 hierarchy ask for something else, and v1's
    // release_agent runs programs on the host (CVE-2022-0492).
    private void CgroupOptions(Utf8[] options, int index)
    {
        for (int i = 0; i < options.Length; i++)
        {
            ReadOnlySpan<byte> rest = options[i].Span;
            while (NextWord(ref rest, out ReadOnlySpan<byte> word))
            {
                if (!IsCgroup1(word))
                    continue;
                Add(new Fault("cgroup v1 hierarchies cannot be mounted")
                {
                    Field = $"mounts[{index}].options[{i}]",
                    Value = Shown(options[i]),
                    Hint = "remove the option: the mount is of cgroup v2, which has all controllers in one",
                });
                break;
            }
        }
    }

    // Options of cgroup v1 (kernel/cgroup/cgroup-v1.c) and the names of its controllers.
    private static bool IsCgroup1(ReadOnlySpan<byte> word) => word switch
    {
        _ when word.StartsWith("name="u8) || word.StartsWith("release_agent="u8) => true,
        _ when word.SequenceEqual("none"u8) || word.SequenceEqual("all"u8) || word.SequenceEqual("noprefix"u8)
            || word.SequenceEqual("clone_children"u8) || word.SequenceEqual("cpuset_v2_mode"u8)
            || word.SequenceEqual("xattr"u8) => true,
        _ when word.SequenceEqual("cpuset"u8) || word.SequenceEqual("cpu"u8) || word.SequenceEqual("cpuacct"u8)
            || word.SequenceEqual("blkio"u8) || word.SequenceEqual("memory"u8) || word.SequenceEqual("devices"u8)
            || word.SequenceEqual("freezer"u8) || word.SequenceEqual("net_cls"u8) || word.SequenceEqual("perf_event"u8)
            || word.SequenceEqual("net_prio"u8) || word.SequenceEqual("hugetlb"u8) || word.SequenceEqual("pids"u8)
            || word.SequenceEqual("rdma"u8) || word.SequenceEqual("misc"u8) => true,
        _ => false,
    };

    // The kernel knows the id as the user namespace maps it, and has only EINVAL for one that it does not.
    private void IdOptions(Utf8[] options, int index)
    {
        for (int i = 0; i < options.Length; i++)
        {
            ReadOnlySpan<byte> rest = options[i].Span;
            while (NextWord(ref rest, out ReadOnlySpan<byte> word))
            {
                bool isUid = word.StartsWith("uid="u8);
                if (!isUid && !word.StartsWith("gid="u8))
                    continue;
                IdMapping[] mappings = isUid ? UidMappings : GidMappings;

                // What is no number is for the file system to refuse.
                if (!Number(word[4..], out uint id) || IsUsable(id, mappings))
                    continue;
                Add(new Fault($"cannot specify {(isUid ? "uid" : "gid")}={id} mount option for rootless container")
                {
                    Field = $"mounts[{index}].options[{i}]",
                    Value = Shown(options[i]),
                    Hint = $"map the id in {(isUid ? "linux.uidMappings" : "linux.gidMappings")}, or remove the option",
                });
            }
        }
    }

    private static bool Number(ReadOnlySpan<byte> text, out uint number) =>
        Utf8Parser.TryParse(text, out number, out int used) && used == text.Length;

    private static bool NextWord(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> word)
    {
        int comma = rest.IndexOf((byte)',');
        word = comma < 0 ? rest : rest[..comma];
        bool any = !rest.IsEmpty;
        rest = comma < 0 ? default : rest[(comma + 1)..];
        return any;
    }
}
