using System.IO;
using System.Text.Json.Nodes;
using FluentAssertions;
using Mono.Unix.Native;

namespace OciRun.Tests.Integration;

/// <summary>The annotation run.ocirun.rootfs.idmap together with layers.</summary>
public sealed class LayersIdsTests : LayersTest
{
    private const string Look = "stat -c '%n %u:%g' / /etc /etc/top /etc/passwd /etc/user; ls /etc /opaque";

    private const string Seen = "/ 0:0\n/etc 0:0\n/etc/top 0:0\n/etc/passwd 0:0\n/etc/user 1000:1001\n"
        + "/etc:\ngroup\npasswd\ntop\nuser\n\n/opaque:\nnew\n";

    private const string Write = "; echo x > /new; rm /etc/top; mkdir /own; chown 5:6 /own; echo y >> /etc/passwd; mv /etc/user /etc/moved; "
        + "stat -c '%n %u:%g' /new /etc/passwd /own /etc/moved; ls /etc";

    private const string Written = "/new 0:0\n/etc/passwd 0:0\n/own 5:6\n/etc/moved 1000:1001\ngroup\nmoved\npasswd\n";

    [RuntimeFact]
    public void Layers_of_the_hosts_root_are_the_containers_roots()
    {
        string top = Container();
        string[] writable = Writable();
        string upper = Path.Combine(Work, "upper");
        Bundle.Shell(Look + Write);
        Run(Flags([top, Base], writable)).Should().Be(new Outcome(0, Seen + Written, ""));
        Owner(upper).Should().Be((0, 0));
        Owner(Path.Combine(upper, "new")).Should().Be((0, 0), "on disk the ids are those before the mapping");
        Owner(Path.Combine(upper, "etc", "passwd")).Should().Be((0, 0));
        Owner(Path.Combine(upper, "own")).Should().Be((5, 6));
        Owner(Path.Combine(upper, "etc", "moved")).Should().Be((1000, 1001));
        Syscall.lstat(Path.Combine(upper, "etc", "top"), out Stat whiteout).Should().Be(0);
        (whiteout.st_mode & FilePermissions.S_IFMT, whiteout.st_rdev).Should().Be((FilePermissions.S_IFCHR, 0UL));
        Owner(Path.Combine(Base, "etc", "passwd")).Should().Be((0, 0));
        File.ReadAllText(Path.Combine(Base, "etc", "passwd")).Should().NotContain("y\n");

        // What was written is there for the next container.
        Bundle.Shell("cat /new; stat -c %u:%g /own; ls /etc");
        Run(Flags([top, Base], writable)).Should().Be(new Outcome(0, "x\n5:6\ngroup\nmoved\npasswd\n", ""));
        HostMountsAreUnchanged();
    }

    [RuntimeFact]
    public void A_throw_away_upper_and_none_work_too()
    {
        string top = Container();
        Bundle.Shell(Look + Write);
        Run(Flags([top, Base], "--ephemeral")).Should().Be(new Outcome(0, Seen + Written, ""));
        Bundle.Shell(Look + "; touch /new");
        Run(Flags([top, Base])).Should().Be(new Outcome(1, Seen, "touch: /new: Read-only file system\n"));
        Bundle.Shell("stat -c %u:%g /etc/passwd; touch /new");
        Run(Flags([Base])).Should().Be(new Outcome(1, "0:0\n", "touch: /new: Read-only file system\n"));
        HostMountsAreUnchanged();
    }

    [RuntimeFact]
    public void Ranges_need_no_user_namespace()
    {
        string top = Layer("top", ("etc/top", "top"));
        Annotate("uids=0-7000-10;gids=0-8000-10");
        Bundle.Shell("stat -c '%n %u:%g' / /etc/top /etc/passwd");
        const string seen = "/ 7000:8000\n/etc/top 7000:8000\n/etc/passwd 7000:8000\n";
        Run(Flags([top, Base])).Should().Be(new Outcome(0, seen, ""));
        Run(Flags([top, Base], "--ephemeral")).Should().Be(new Outcome(0, seen, ""));
        Bundle.Shell("stat -c '%n %u:%g' / /etc/passwd");
        Run(Flags([Base])).Should().Be(new Outcome(0, "/ 7000:8000\n/etc/passwd 7000:8000\n", ""));
        HostMountsAreUnchanged();
    }

    [RuntimeFact]
    public void A_layer_that_cannot_be_mapped_is_named()
    {
        Container();
        Outcome outcome = Run(Flags(["/sys/kernel", Base]));
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("--layer[0]").And.Contain("cannot map the ids of").And.Contain("(sysfs)").And.Contain("EINVAL")
            .And.Contain("sysfs cannot be id-mapped by this kernel");
    }

    [RuntimeFact]
    public void An_upper_directory_of_an_owner_without_a_mapping_is_refused()
    {
        string top = Container();
        string[] writable = Writable();
        Own(70000, Path.Combine(Work, "upper"));
        Outcome outcome = Run(Flags([top, Base], writable));
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("--upper").And.Contain("the overlay cannot write to the directory with mapped ids")
            .And.Contain("its owner must be mapped by annotations");
        HostMountsAreUnchanged();
    }

    private string Container()
    {
        string top = Layer("top", ("etc/top", "top"), ("opaque/new", ""));
        Bundle.WithFile("/opaque/old", "").WithFile("/etc/gone", "").WithFile("/etc/user", "");
        Syscall.chown(Path.Combine(Base, "etc", "user"), 1000, 1001).Should().Be(0);
        Attribute(Path.Combine(top, "opaque"), "trusted.overlay.opaque", "y");
        Whiteout(Path.Combine(top, "etc", "gone"));
        Bundle.Namespace("user");
        Bundle.Linux["uidMappings"] = Bundle.Mapping(100000, 65536);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(100000, 65536);
        foreach (string set in new[] { "bounding", "effective", "permitted" })
            ((JsonArray)Bundle.Process["capabilities"]![set]!).Add((JsonNode)"CAP_CHOWN");
        Annotate("container");
        return top;
    }

    private void Annotate(string value) =>
        Bundle.Config["annotations"] = new JsonObject { ["run.ocirun.rootfs.idmap"] = value };

    private static (uint, uint) Owner(string path)
    {
        Syscall.lstat(path, out Stat stat).Should().Be(0);
        return (stat.st_uid, stat.st_gid);
    }
}
