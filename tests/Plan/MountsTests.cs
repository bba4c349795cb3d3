using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed unsafe class MountsTests
{
    private const ulong Plain = 0x20000f;

    [Theory]
    [InlineData("bind")]
    [InlineData("rbind", "rprivate")]
    [InlineData("bind", "defaults")]
    [InlineData("bind", "rro")]
    public void A_bind_without_a_flag_word_keeps_the_sources_flags(params string[] options)
    {
        MountStep bind = Bind(options);
        (bind.AttributesSet | bind.AttributesClear | bind.AttributesForbidden).Should().Be(0);
        bind.Recursive.Should().Be(options[0] == "rbind" ? (byte)1 : (byte)0);
        bind.RecursiveSet.Should().Be(options[^1] == "rro" ? 1UL : 0);
    }

    [Theory]
    [InlineData("ro", 0x1, 0)]
    [InlineData("rw", 0, 0x1)]
    [InlineData("nosuid nodev noexec", 0xe, 0)]
    [InlineData("ro exec", 0x1, 0x8)]
    [InlineData("nosymfollow", 0x200000, 0)]
    [InlineData("async", 0, 0)]
    [InlineData("loud", 0, 0)]
    public void One_flag_word_decides_all_flags_of_a_bind(string words, ulong set, ulong forbidden)
    {
        MountStep bind = Bind(["bind", .. words.Split(' ')]);
        bind.AttributesSet.Should().Be(set);
        bind.AttributesClear.Should().Be(Plain & ~set);
        bind.AttributesForbidden.Should().Be(forbidden);
    }

    [Theory]
    [InlineData("noatime", 0x10, 0xf0)]
    [InlineData("strictatime", 0x20, 0xf0)]
    [InlineData("relatime", 0, 0xf0)]
    [InlineData("nodiratime", 0x80, 0x70)]
    [InlineData("noatime nodiratime", 0x90, 0x70)]
    public void An_access_time_word_replaces_the_whole_field_of_a_bind(string words, ulong set, ulong clear)
    {
        MountStep bind = Bind(["bind", .. words.Split(' ')]);
        bind.AttributesSet.Should().Be(set);
        bind.AttributesClear.Should().Be(Plain | clear);
    }

    [Theory]
    [InlineData("""{"destination": "/a", "source": "/a", "options": ["bind", "tmpcopyup"]}""")]
    [InlineData("""{"destination": "/a", "type": "tmpfs", "options": ["remount", "tmpcopyup"]}""")]
    [InlineData("""{"destination": "/a", "type": "mqueue", "options": ["tmpcopyup"]}""")]
    public void Only_a_new_tmpfs_copies_what_it_covers(string mount) =>
        Sample(mount).Refusal().Should().StartWith("mounts[0].options \"tmpcopyup\": tmpcopyup can be used only with tmpfs");

    [Fact]
    public void File_system_options_on_a_bind_are_refused() =>
        Sample("""{"destination": "/a", "source": "/a", "options": ["bind", "ro", "size=1m", "x"]}""").Refusal()
            .Should().StartWith("mounts[0].options \"size=1m\": bind mounts cannot have any filesystem-specific options");

    [Theory]
    [InlineData("/srv/a", "/srv/a")]
    [InlineData("a", "/bundle/a")]
    [InlineData("./a/../b", "/bundle/./a/../b")]
    public void A_relative_source_starts_in_the_bundle(string source, string expected)
    {
        ContainerPlan plan = Sample($$"""{"destination": "/a", "source": "{{source}}", "options": ["rbind"]}""").Plan();
        Step open = plan.One(Op.OpenSource);
        Planning.Text(open.Text).Should().Be(expected);
        open.Number.Should().Be(1);
        plan.One(Op.MountBind).Number.Should().Be(open.Slot);
    }

    [Fact]
    public void The_source_of_a_file_system_is_passed_as_it_is()
    {
        MountStep with = Mount("""{"destination": "/a", "type": "tmpfs", "source": "name"}""");
        MountStep without = Mount("""{"destination": "/a", "type": "tmpfs"}""");
        (Planning.Text(with.Source), Planning.Text(without.Source)).Should().Be(("name", "tmpfs"));
    }

    [Fact]
    public void Options_of_a_file_system_become_pairs_and_one_text()
    {
        MountStep mount = Mount("""
            {"destination": "/a", "type": "tmpfs", "options": ["nosuid", "size=64k", "mode=755", "sync", "noswap"]}
            """);
        Parameters(mount).Should().Equal("sync", "size=64k", "mode=755", "noswap");
        Planning.Text(mount.Data).Should().Be("size=64k,mode=755,noswap");
        mount.AttributesSet.Should().Be(0x2);
        mount.Flags.Should().Be(0x12);
        mount.InheritMode.Should().Be(1);
    }

    [Fact]
    public void Read_only_is_the_file_systems_too_but_for_tmpfs()
    {
        MountStep sys = Mount("""{"destination": "/sys", "type": "sysfs", "options": ["ro"]}""");
        Parameters(sys).Should().Equal("ro");
        (sys.AttributesSet, sys.PlainTarget).Should().Be((1UL, (byte)1));
        (sys.Data is null).Should().BeTrue();
        MountStep tmpfs = Mount("""{"destination": "/t", "type": "tmpfs", "options": ["ro"]}""");
        Parameters(tmpfs).Should().BeEmpty();
        (tmpfs.AttributesSet, tmpfs.Flags).Should().Be((0UL, 0UL));
    }

    [Theory]
    [InlineData("remount", 1)]
    [InlineData("iversion", 1)]
    [InlineData("dirsync", 0)]
    public void Words_without_a_form_in_the_mount_api_use_the_old_call(string word, byte legacy) =>
        Mount($$"""{"destination": "/a", "type": "ext4", "source": "/dev/x", "options": ["{{word}}"]}""").Legacy.Should().Be(legacy);

    [Fact]
    public void Newinstance_is_not_an_option_of_devpts()
    {
        MountStep pts = Mount("""{"destination": "/dev/pts", "type": "devpts", "options": ["newinstance", "gid=5"]}""");
        Parameters(pts).Should().Equal("gid=5");
        Parameters(Mount("""{"destination": "/a", "type": "tmpfs", "options": ["newinstance"]}""")).Should().Equal("newinstance");
    }

    [Theory]
    [InlineData("cgroup")]
    [InlineData("cgroup2")]
    public void A_cgroup_mount_is_cgroup2_or_a_bind_of_the_containers_own(string type)
    {
        Sample sample = Sample($$"""{"destination": "/sys/fs/cgroup", "type": "{{type}}"}""");
        Step step = (sample with { Request = r => r with { CgroupPath = "/sys/fs/cgroup/box" } }).Plan().One(Op.MountCgroup);
        Planning.Text(((MountStep*)step.Data)->Type).Should().Be("cgroup2");
        Planning.Text(step.Second).Should().Be("/sys/fs/cgroup/box");
        (sample.Plan().One(Op.MountCgroup).Second is null).Should().BeTrue();
    }

    [Fact]
    public void Mounts_keep_their_order_and_their_places()
    {
        ContainerPlan plan = Sample(
            """{"destination": "/../b//c/", "type": "tmpfs"}""",
            """{"destination": "a/./x/..", "source": "/", "options": ["bind"]}""",
            """{"destination": "/b", "type": "proc"}""").Plan();
        Enumerable.Range(0, 3).Select(i => Planning.Text(plan.Mount(i).Target)).Should().Equal("b/c", "a", "b");
        plan.All(Op.MountFilesystem, Op.MountBind).Select(step => plan.FieldOf(step)).Should().Equal(
            "mounts[0] \"/../b//c/\"", "mounts[1] \"a/./x/..\"", "mounts[2] \"/b\"");
    }

    [Fact]
    public void Propagation_words_are_kept_in_order()
    {
        MountStep bind = Bind("rbind", "rprivate", "shared");
        new System.ReadOnlySpan<ulong>(bind.Propagation, bind.PropagationCount).ToArray().Should().Equal(0x44000, 0x100000);
    }

    [Theory]
    [InlineData("/proc", "proc", true)]
    [InlineData("/proc/", "proc", true)]
    [InlineData("/x/../proc", "tmpfs", false)]
    [InlineData("/proc/sys", "tmpfs", false)]
    [InlineData("/proc/self/attr", "tmpfs", false)]
    [InlineData("/proc/uptime", "tmpfs", true)]
    [InlineData("/process", "tmpfs", true)]
    public void Nothing_that_decides_security_is_mounted_inside_proc(string destination, string type, bool allowed)
    {
        string refusal = Sample($$"""{"destination": "{{destination}}", "type": "{{type}}"}""").Refusal();
        if (allowed)
            refusal.Should().BeEmpty();
        else
            refusal.Should().StartWith($"mounts[0].destination \"{destination}\": cannot be mounted because it is inside /proc");
    }

    [Theory]
    [InlineData("""{"destination": "/", "type": "none", "options": ["remount", "ro"]}""", "mounts[0].destination \"/\": the file system of the root cannot")]
    [InlineData("""{"destination": "/a", "type": "tmpfs", "options": ["rasync"]}""", "mounts[0].options: recursive options apply to bind mounts only")]
    [InlineData("""{"destination": "", "type": "tmpfs"}""", "mounts[0].destination: missing")]
    [InlineData("""{"destination": "/a"}""", "mounts[0].type: missing")]
    [InlineData("""{"destination": "/a", "options": ["bind"]}""", "mounts[0].source: a bind mount needs a source")]
    [InlineData("""{"destination": "/a", "type": "tmpfs", "options": ["rro"]}""", "mounts[0].options: recursive options apply to bind mounts only")]
    [InlineData(
        """{"destination": "/a", "type": "sysfs", "options": ["idmap=uids=0-1-2;gids=0-1-2"]}""",
        "mounts[0].options[0] \"sysfs\": sysfs cannot be id-mapped")]
    public void A_mount_that_cannot_be_is_refused(string mount, string refusal) => Sample(mount).Refusal().Should().StartWith(refusal);

    [Theory]
    [InlineData("pid mount", true, 0)]
    [InlineData("pid mount user", true, 1)]
    [InlineData("pid mount user:/u", true, 1)]
    [InlineData("pid mount user", false, 0)]
    public void A_tree_that_the_parent_clones_is_made_a_slave(string namespaces, bool privileged, byte enslave) =>
        (Sample("""{"destination": "/a", "source": "/a", "options": ["bind"]}""") with
        {
            Namespaces = namespaces,
            Request = r => r with { Privileged = privileged },
        }).Plan().Mount(0).Enslave.Should().Be(enslave);

    [Theory]
    [InlineData("/", "bind", 1)]
    [InlineData("/..", "bind", 1)]
    [InlineData("/a/..", "rbind", 1)]
    [InlineData("/", "bind remount", 0)]
    [InlineData("/a", "bind", 0)]
    public void A_mount_over_the_root_becomes_the_root(string destination, string options, byte over) =>
        Mount($$"""{"destination": "{{destination}}", "source": "/a", "options": ["{{options.Replace(" ", "\", \"", System.StringComparison.Ordinal)}}"]}""")
            .OverRoot.Should().Be(over);

    [Fact]
    public void A_bind_that_remounts_opens_no_source()
    {
        ContainerPlan plan = Sample("""{"destination": "/a", "options": ["bind", "remount", "ro"]}""").Plan();
        plan.All(Op.OpenSource).Should().BeEmpty();
        plan.One(Op.MountBind).Number.Should().Be(Slot.None);
        plan.Mount(0).AttributesSet.Should().Be(1);
    }

    [Theory]
    [InlineData("copy-symlink", 0x100, 1, 0)]
    [InlineData("src-nofollow", 0x100, 0, 0)]
    [InlineData("dest-nofollow", 0, 0, 1)]
    [InlineData("defaults", 0, 0, 0)]
    public void Words_about_links_reach_the_steps(string word, long open, byte copy, byte target)
    {
        ContainerPlan plan = Sample($$"""{"destination": "/a", "source": "/a", "options": ["bind", "{{word}}"]}""").Plan();
        plan.One(Op.OpenSource).Flags.Should().Be(open);
        (plan.Mount(0).CopySymlink, plan.Mount(0).TargetNofollow).Should().Be((copy, target));
    }

    [Theory]
    [InlineData("/proc", 1)]
    [InlineData("/a/../proc/uptime", 1)]
    [InlineData("/process", 0)]
    [InlineData("/host/proc", 0)]
    public void The_config_says_whether_a_destination_is_in_proc(string destination, byte inside) =>
        Mount($$"""{"destination": "{{destination}}", "type": "proc"}""").InProc.Should().Be(inside);

    private static MountStep Bind(params string[] options) => Mount(
        $$"""{"destination": "/a", "source": "/a", "options": [{{string.Join(", ", options.Select(o => $"\"{o}\""))}}]}""");

    private static MountStep Mount(string mount) => Sample(mount).Plan().Mount(0);

    private static Sample Sample(params string[] mounts) => new() { Document = $"\"mounts\": [{string.Join(", ", mounts)}]" };

    private static string[] Parameters(MountStep mount)
    {
        List<string> words = [];
        for (int i = 0; i < mount.ParameterCount; i++)
        {
            string? value = Planning.Text(mount.Parameters[(2 * i) + 1]);
            words.Add(Planning.Text(mount.Parameters[2 * i]) + (value is null ? "" : "=" + value));
        }

        return words.ToArray();
    }
}
