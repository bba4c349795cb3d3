using System;
using System.IO;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.State;
using Xunit;

namespace OciRun.Tests.State;

public sealed class StateRootTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(null, true, false, null, "/run/ocirun", false)]
    [InlineData("", true, true, null, "/run/ocirun", false)]
    [InlineData("", false, false, null, "/run/ocirun", false)]
    [InlineData("/run/user/0", true, false, null, "/run/ocirun", false)]
    [InlineData("/run/user/5", false, false, "root", "/run/user/5/ocirun", true)]
    [InlineData("/run/user/5/", true, true, null, "/run/user/5/ocirun", true)]
    [InlineData("/run/user/5", true, true, "joe", "/run/user/5/ocirun", true)]
    [InlineData("/run/user/5", true, true, "root", "/run/ocirun", false)]
    [InlineData("relative", false, false, null, "/run/ocirun", false)]
    public void The_default_follows_user_and_environment(
        string? runtime, bool isRoot, bool inUserNamespace, string? user, string path, bool sticky) =>
        StateRoot.Locate(runtime, isRoot, inUserNamespace, user).Should().Be(new StateRoot.Location(path, sticky));

    [Theory]
    [InlineData("         0          0 4294967295\n", true)]
    [InlineData("0 1000 1\n", false)]
    [InlineData("0 0 65536\n", false)]
    [InlineData("0 0 1\n1 1 4294967294\n", false)]
    [InlineData("", false)]
    public void The_initial_user_namespace_maps_all_ids_to_themselves(string map, bool identity) =>
        StateRoot.IsIdentity(System.Text.Encoding.ASCII.GetBytes(map)).Should().Be(identity);

    [Fact]
    public void A_missing_root_is_made_private_with_its_parents()
    {
        string path = Path.Combine(_scratch.Root, "a", "b");
        using StateRoot root = StateRoot.Open(path, mustExist: false);
        root.Path.Should().Be(path);
        Mode(path).Should().Be("700");
        Mode(Path.Combine(_scratch.Root, "a")).Should().Be("700");
    }

    [Fact]
    public void A_missing_root_is_an_error_for_others()
    {
        string path = Path.Combine(_scratch.Root, "a");
        FluentActions.Invoking(() => StateRoot.Open(path, mustExist: true)).Should().Throw<FaultException>();
        StateRoot.OpenExisting(path).Should().BeNull();
        Directory.Exists(path).Should().BeFalse();
    }

    [Theory]
    [InlineData("777")]
    [InlineData("720")]
    [InlineData("1777")]
    public void A_root_that_others_can_write_is_refused_and_left_alone(string mode)
    {
        File.SetUnixFileMode(_scratch.Root, (UnixFileMode)Convert.ToInt32(mode, 8));
        FluentActions.Invoking(() => StateRoot.Open(_scratch.Root, mustExist: false)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("other users can write it");
        Mode(_scratch.Root).Should().Be(mode);
    }

    [Fact]
    public void A_root_of_another_user_is_refused()
    {
        Sys.fchownat(-100, Sys.Bytes(_scratch.Root), 12345, 0, 0).Should().Be(0);
        FluentActions.Invoking(() => StateRoot.Open(_scratch.Root, mustExist: false)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("12345");
    }

    [Fact]
    public void A_link_or_a_file_is_no_root()
    {
        string link = Path.Combine(_scratch.Root, "link");
        Directory.CreateSymbolicLink(link, "/tmp");
        FluentActions.Invoking(() => StateRoot.Open(link, mustExist: false)).Should().Throw<FaultException>();
        File.WriteAllText(Path.Combine(_scratch.Root, "file"), "");
        FluentActions.Invoking(() => StateRoot.Open(Path.Combine(_scratch.Root, "file"), mustExist: false))
            .Should().Throw<FaultException>();
    }

    [Theory]
    [InlineData("/")]
    [InlineData("//")]
    [InlineData("/tmp/..")]
    public void The_system_s_root_is_refused(string path) =>
        FluentActions.Invoking(() => StateRoot.Open(path, mustExist: false)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("the root directory of the system cannot be the state root");

    [Fact]
    public void A_second_container_of_the_same_id_is_refused()
    {
        using StateRoot root = StateRoot.Open(_scratch.Root, mustExist: true);
        using ContainerDirectory directory = root.Reserve("c");
        FluentActions.Invoking(() => root.Reserve("c")).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().Contain("container with given ID already exists").And.Contain("\"c\"");
    }

    [Fact]
    public void Links_and_files_are_no_containers()
    {
        Directory.CreateSymbolicLink(Path.Combine(_scratch.Root, "link"), "/tmp");
        File.WriteAllText(Path.Combine(_scratch.Root, "file"), "");
        foreach (string id in (string[])["link", "file", "none"])
        {
            FluentActions.Invoking(() => StateRoot.FindContainer(_scratch.Root, id)).Should().Throw<FaultException>()
                .Which.Fault.Text().Should().Contain("container does not exist");
        }
    }

    [Fact]
    public void Ids_are_the_directories_with_valid_names_in_order()
    {
        foreach (string name in (string[])["b", "a", "Z", "no id", "10", "9"])
            Directory.CreateDirectory(Path.Combine(_scratch.Root, name));
        File.WriteAllText(Path.Combine(_scratch.Root, "file"), "");
        using StateRoot root = StateRoot.Open(_scratch.Root, mustExist: true);
        root.Ids().Should().Equal("10", "9", "Z", "a", "b");
    }

    [Fact]
    public void A_cgroup_path_must_be_below_a_cgroup2_mount()
    {
        CgroupLocation.IsContainerCgroup(_scratch.Root).Should().BeFalse();
        CgroupLocation.IsContainerCgroup("/").Should().BeFalse();
        CgroupLocation.IsContainerCgroup("/sys/fs/cgroup").Should().BeFalse();
        CgroupLocation.IsContainerCgroup("/sys/fs/cgroup/none/such").Should().BeFalse();
        using Cgroup cgroup = new();
        CgroupLocation.IsContainerCgroup(cgroup.Path).Should().BeTrue();
        CgroupLocation.IsContainerCgroup(Path.GetDirectoryName(cgroup.Path)!).Should().BeFalse();
    }

    private static string Mode(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8);
}

/// <summary>The umask belongs to the whole process.</summary>
[Collection("Process")]
public sealed class StateRootUmaskTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_container_s_directory_is_0711_whatever_the_umask()
    {
        using StateRoot root = StateRoot.Open(_scratch.Root, mustExist: true);
        int old = Sys.umask(0x3f);
        using ContainerDirectory directory = root.Reserve("c");
        Sys.umask((uint)old);
        File.GetUnixFileMode(directory.Path).Should().Be((UnixFileMode)Convert.ToInt32("711", 8));
    }
}
