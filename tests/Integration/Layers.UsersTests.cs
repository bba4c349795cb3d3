using System.IO;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>Layers in user namespaces, of root and of an ordinary user.</summary>
public sealed class LayersUsersTests : LayersTest
{
    private const int Shifted = 100000;

    [RuntimeFact]
    public void A_user_namespace_gets_layers_that_only_root_can_reach()
    {
        string top = Layer("top", ("etc/top", "top"), ("opaque/new", ""));
        Bundle.WithFile("/opaque/old", "");
        Attribute(Path.Combine(top, "opaque"), "trusted.overlay.opaque", "y");
        string[] writable = Writable();
        Own(Shifted, Base, top, Path.Combine(Work, "upper"));
        File.SetUnixFileMode(Path.Combine(Work, "layers"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        InUserNamespace().Shell("cat /etc/top; ls /opaque; stat -c %u:%g /etc/top; echo x > /new; rm /etc/passwd; stat -c %u /new; ls /etc");

        string[] flags = Flags([top, Base], writable);
        Run(flags).Should().Be(new Outcome(0, "top\nnew\n0:0\n0\ngroup\ntop\n", ""));
        File.ReadAllText(Path.Combine(Work, "upper", "new")).Should().Be("x\n");
        Run(Flags([top, Base], "--ephemeral")).Should().Be(new Outcome(0, "top\nnew\n0:0\n0\ngroup\ntop\n", ""));
        Run(Flags([top, Base], "--ephemeral", "--no-pivot")).Exit.Should().Be(0);

        Bundle.Shell("cat /etc/top; ls /opaque; touch /new");
        Run(Flags([top, Base])).Should().Be(new Outcome(1, "top\nnew\n", "touch: /new: Read-only file system\n"));
        Bundle.Shell("stat -c %u /etc/passwd; touch /new");
        Run(Flags([Base])).Should().Be(new Outcome(1, "0\n", "touch: /new: Read-only file system\n"));
        HostMountsAreUnchanged();
    }

    [RuntimeFact]
    public void Hundreds_of_layers_reach_a_user_namespace_by_name()
    {
        InUserNamespace().Shell("ls /n | wc -l; cat /top");
        Call("run", Flags(Many(300))).Under(Nosys.Install(Work), "EINVAL", "fsconfig:5").Run()
            .Should().Be(new Outcome(0, "299\n0\n", ""));
        HostMountsAreUnchanged();
    }

    [RuntimeFact]
    public void A_missing_layer_of_a_user_namespace_is_named()
    {
        InUserNamespace();
        Outcome outcome = Run(Flags(["absent", Base]));
        outcome.Exit.Should().Be(1);
        outcome.Err.Should().Contain("--layer[0]").And.Contain("ENOENT");
        Run(Flags([Base, Base])).Err.Should().Contain("is the same directory as --layer[0]");
    }

    [RuntimeFact]
    public void An_ordinary_user_mounts_layers()
    {
        string top = Layer("top", ("etc/top", "top"), ("opaque/new", ""));
        Bundle.WithFile("/opaque/old", "").WithFile("/gone", "");
        Attribute(Path.Combine(top, "opaque"), "user.overlay.opaque", "y");
        Whiteout(Path.Combine(top, "gone"));
        string[] flags = Flags([top, Base], Writable());
        Bundle.ForRootless().Shell("cat /etc/top; ls /opaque; ls /gone; rm /etc/passwd; echo x > /new; cat /new; ls /etc");
        Use(View.Rootless);

        const string gone = "ls: /gone: No such file or directory\n";
        Run(flags).Should().Be(new Outcome(0, "top\nnew\nx\ngroup\ntop\n", gone));
        File.ReadAllText(Path.Combine(Work, "upper", "new")).Should().Be("x\n");
        Run(Flags([top, Base], "--ephemeral")).Should().Be(new Outcome(0, "top\nnew\nx\ngroup\ntop\n", gone));
        Bundle.Shell("cat /etc/top; touch /new");
        Run(Flags([top, Base])).Should().Be(new Outcome(1, "top\n", "touch: /new: Read-only file system\n"));
        Bundle.Shell("touch /new");
        Run(Flags([Base])).Should().Be(new Outcome(1, "", "touch: /new: Read-only file system\n"));
        HostMountsAreUnchanged();
    }

    private Bundle InUserNamespace()
    {
        Bundle.Namespace("user");
        Bundle.Linux["uidMappings"] = Bundle.Mapping(Shifted, 65536);
        Bundle.Linux["gidMappings"] = Bundle.Mapping(Shifted, 65536);
        return Bundle;
    }
}
