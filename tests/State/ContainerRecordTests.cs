using System;
using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Errors;
using OciRun.State;
using Xunit;

namespace OciRun.Tests.State;

public sealed class ContainerRecordTests
{
    private static readonly ContainerRecord Full = Scratch.Record("c1") with
    {
        Pid = 42,
        StartTime = 123456789012345,
        CgroupPath = "/sys/fs/cgroup/a/b",
        OwnPidNamespace = true,
        SystemdCgroup = true,
        Rootless = true,
        ResctrlGroup = "gold",
        ResctrlOwned = true,
        ResctrlMonitored = true,
        LastWords = true,
        Layers = true,
        NoNewKeyring = true,
    };

    [Fact]
    public void What_is_written_is_read_back() => Read(Write(Full)).Should().BeEquivalentTo(Full);

    [Fact]
    public void Optional_parts_may_be_absent()
    {
        ContainerRecord record = Full with { Annotations = null, CgroupPath = null, ResctrlGroup = null, ResctrlOwned = false, ResctrlMonitored = false, LastWords = false, Layers = false, NoNewKeyring = false };
        Read(Write(record)).Should().BeEquivalentTo(record);
    }

    [Theory]
    [InlineData("\"pid\":42", "\"pid\":-1")]
    [InlineData("\"pid\":42", "\"pid\":4194305")]
    [InlineData("\"pid\":42", "\"pid\":42.5")]
    [InlineData("\"pid\":42", "\"pid\":\"42\"")]
    [InlineData("\"pid\":42", "\"pid\":null")]
    [InlineData("\"pid\":42,", "")]
    [InlineData("\"pid\":42,", "\"pid\":42,\"pid\":42,")]
    [InlineData("\"startTime\":123456789012345", "\"startTime\":0")]
    [InlineData("\"version\":1", "\"version\":2")]
    [InlineData("\"version\":1,", "\"version\":1,\"other\":1,")]
    [InlineData("\"id\":\"c1\"", "\"id\":\"c2\"")]
    [InlineData("\"gold\"", "\"..\"")]
    [InlineData("\"gold\"", "\"a/b\"")]
    [InlineData("\"gold\"", "\"\"")]
    [InlineData("/sys/fs/cgroup/a/b", "/")]
    [InlineData("/sys/fs/cgroup/a/b", "sys/fs/cgroup")]
    [InlineData("/sys/fs/cgroup/a/b", "/sys/fs/cgroup/../x")]
    [InlineData("/sys/fs/cgroup/a/b", "/sys//fs")]
    [InlineData("/sys/fs/cgroup/a/b", "/sys/fs/")]
    [InlineData("/sys/fs/cgroup/a/b", "/sys/\\u0000")]
    [InlineData("\"/bundles/b/rootfs\"", "\"rootfs\"")]
    [InlineData("\"rootless\":true", "\"rootless\":1")]
    [InlineData("\"owner\":7", "\"owner\":4294967296")]
    [InlineData("\"key\":\"value\"", "\"key\":1")]
    [InlineData("{\"key\"", "[\"key\"")]
    public void A_tampered_record_is_refused_with_the_file_s_name(string from, string to)
    {
        string text = Write(Full);
        text.Should().Contain(from);
        FluentActions.Invoking(() => Read(text.Replace(from, to, StringComparison.Ordinal)))
            .Should().Throw<FaultException>().Which.Fault.Text().Should().Contain("/run/c1/state.json");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("{\"version\":1")]
    public void What_is_no_record_is_refused(string text) =>
        FluentActions.Invoking(() => Read(text)).Should().Throw<FaultException>();

    [Fact]
    public void Text_after_the_object_is_refused() =>
        FluentActions.Invoking(() => Read(Write(Full) + "{}")).Should().Throw<FaultException>();

    [Fact]
    public void A_truncated_record_is_refused_wherever_it_ends()
    {
        string text = Write(Full);
        for (int length = 0; length < text.Length; length++)
            FluentActions.Invoking(() => Read(text[..length])).Should().Throw<FaultException>();
    }

    [Fact]
    public void Random_damage_is_refused_or_harmless()
    {
        byte[] good = ContainerRecordWriter.Write(Full);
        Random random = new(1);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bad = good.ToArray();
            for (int i = random.Next(1, 4); i > 0; i--)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            try
            {
                ContainerRecord record = ContainerRecordReader.Read(bad, "c1", "x");
                record.Pid.Should().BeInRange(0, 4194304);
                CgroupLocation.IsPlain(record.CgroupPath ?? "/a").Should().BeTrue();
            }
            catch (FaultException)
            {
                // The expected end of most rounds; any other exception fails the test.
            }
        }
    }

    private static string Write(ContainerRecord record) => Encoding.UTF8.GetString(ContainerRecordWriter.Write(record));

    private static ContainerRecord Read(string text) =>
        ContainerRecordReader.Read(Encoding.UTF8.GetBytes(text), "c1", "/run/c1/state.json");
}
