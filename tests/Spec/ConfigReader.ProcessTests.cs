using FluentAssertions;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class ConfigReaderProcessTests
{
    private static readonly Process Read = ConfigReader.Read(MaximalConfig.Bytes, "config.json").Process!;

    [Fact]
    public void Every_field_is_read() => Read.Should().BeEquivalentTo(
        new Process
        {
            Terminal = true,
            ConsoleSize = new ConsoleSize { Height = 65535, Width = 80 },
            User = new User { Uid = 4294967294, Gid = 1001, Umask = 18, AdditionalGids = [5, 4294967294] },
            Args = Texts("/bin/sh", "-c", "", "é😀\n"),
            Env = Texts("PATH=/bin", "A=\"b\""),
            Cwd = "/work",
            Capabilities = new Capabilities
            {
                Bounding = Texts("CAP_CHOWN", "CAP_KILL"),
                Effective = Texts("CAP_CHOWN"),
                Inheritable = [],
                Permitted = Texts("CAP_KILL"),
                Ambient = Texts("CAP_BPF"),
            },
            Rlimits =
            [
                new Rlimit { Type = "RLIMIT_NOFILE", Soft = 1024, Hard = 4096 },
                new Rlimit { Type = "RLIMIT_CORE", Soft = 0, Hard = ulong.MaxValue },
            ],
            NoNewPrivileges = true,
            ApparmorProfile = "docker-default",
            OomScoreAdj = -1000,
            Scheduler = new Scheduler
            {
                Policy = "SCHED_DEADLINE",
                Nice = -20,
                Priority = 99,
                Flags = Texts("SCHED_FLAG_RECLAIM"),
                Runtime = 1,
                Deadline = 2,
                Period = ulong.MaxValue,
            },
            SelinuxLabel = "system_u:system_r:svirt_lxc_net_t:s0:c124,c675",
            IoPriority = new IoPriority { Class = "IOPRIO_CLASS_BE", Priority = 7 },
            ExecCpuAffinity = new ExecCpuAffinity { Initial = "0-3", Final = "7" },
        },
        options => options.WithStrictOrdering());

    [Fact]
    public void Absent_null_and_empty_stay_apart()
    {
        Members("\"process\": {}").Process!.Capabilities.Should().BeNull();
        Members("\"process\": {\"capabilities\": null}").Process!.Capabilities.Should().BeNull();
        Capabilities empty = Members("\"process\": {\"capabilities\": {\"bounding\": []}}").Process!.Capabilities!;
        empty.Bounding.Should().BeEmpty().And.NotBeNull();
        empty.Ambient.Should().BeNull();
        Members("\"process\": {}").Process!.Cwd.IsNull.Should().BeTrue();
        Members("\"process\": {\"cwd\": null}").Process!.Cwd.IsNull.Should().BeTrue();
        Process process = Members("\"process\": {\"cwd\": \"\", \"oomScoreAdj\": 0, \"user\": {\"uid\": null}}").Process!;
        process.Cwd.IsNull.Should().BeFalse();
        process.Cwd.IsEmpty.Should().BeTrue();
        process.OomScoreAdj.Should().Be(0);
        process.User!.Uid.Should().Be(0);
        process.User.Umask.Should().BeNull();
        process.Rlimits.Should().BeNull();
    }

    [Theory]
    [InlineData("uid")]
    [InlineData("gid")]
    public void The_id_that_means_unchanged_is_refused(string id) =>
        MemberRefusal($"\"process\": {{\"user\": {{\"{id}\": 4294967295}}}}").Should().Be(
            $"process.user.{id}: expected an integer from 0 to 4294967294, found 4294967295; " +
            "setresuid(2) and chown(2) take 4294967295 as 'leave unchanged'");

    [Fact]
    public void The_id_that_means_unchanged_is_no_group_either() =>
        MemberRefusal("\"process\": {\"user\": {\"additionalGids\": [1, 4294967295]}}").Should().Be(
            "process.user.additionalGids[1]: expected an integer from 0 to 4294967294, found 4294967295; " +
            "setresuid(2) and chown(2) take 4294967295 as 'leave unchanged'");
}
