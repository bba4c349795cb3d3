using System;
using OciRun.Errors;
using OciRun.Images;
using OciRun.Kernel;

namespace OciRun.Commands;

/// <summary><c>unpack LAYOUT[:TAG] BUNDLE</c>: a bundle from an OCI image (docs/images.md).</summary>
internal static class Unpack
{
    private const int Stderr = 2;

    public static Verb Describe() => new()
    {
        Name = "unpack",
        Summary = "make a bundle from an OCI image",
        Synopsis = "LAYOUT[:TAG] BUNDLE",
        Description =
            "LAYOUT is a directory in the form of an OCI image layout, such as skopeo copy … oci:LAYOUT:TAG makes. Its layers "
            + "are extracted once each, into a store that images share, and BUNDLE gets a config.json that makes the root file "
            + "system of them. Every digest is verified, and an archive that leads out of its layer is refused.\n\n"
            + "BUNDLE must not exist, or be empty. Without TAG the layout must have only one image. What an ordinary user "
            + "cannot have, such as other owners and devices, is left out and listed on standard error.",
        Options =
        [
            new Option("store", OptionKind.Directory, "directory of the layers that images share")
            {
                Value = "DIR",
                Default = "/var/lib/ocirun/layers, of an ordinary user $XDG_DATA_HOME/ocirun/layers",
            },
            new Option("platform", OptionKind.Text, "choose the image of an index for OS/ARCHITECTURE[/VARIANT]")
            {
                Value = "PLATFORM",
                Default = "this machine's",
            },
            new Option("flat", OptionKind.Flag, "put all layers together in BUNDLE/rootfs, for any runtime"),
            new Option("ephemeral", OptionKind.Flag, "throw away what a container writes, instead of keeping it in BUNDLE/upper"),
            new Option("tty", OptionKind.Flag, "give the process a terminal") { Letter = 't' },
            new Option("quiet", OptionKind.Flag, "no progress bar, and no word about what is left out") { Letter = 'q' },
        ],
        Takes = [ArgumentKind.Directory, ArgumentKind.Directory],
        Minimum = 2,
        Maximum = 2,
        FailurePrefix = $"{Table.Program} unpack failed: ",
        Examples =
        [
            new("unpack image:latest /srv/box", "make a bundle of an image"),
            new("unpack --flat image /srv/box", "with an ordinary directory as root file system"),
        ],
        SeeAlso = ["run", "spec"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        string image = arguments.Positional[0];
        string bundle = arguments.Positional[1];
        if (image.Length == 0 || bundle.Length == 0)
            throw Usage.Fault(new Fault("LAYOUT and BUNDLE must not be empty") { Hint = "name an image layout and the directory to make" });
        if (arguments.Flag("flat") && arguments.Flag("ephemeral"))
            throw Usage.Fault(new Fault("--ephemeral needs layers, --flat leaves none") { Hint = "leave out one of them" });
        (string layout, string? tag) = Split(image);
        string? platform = arguments.Text("platform");
        UnpackRequest request = new()
        {
            Layout = Paths.Absolute(layout, "LAYOUT"),
            Tag = tag,
            Bundle = Paths.Absolute(bundle, "BUNDLE"),
            Store = arguments.Flag("flat") ? "" : arguments.Path("store") ?? DefaultStore(),
            Platform = platform is null
                ? Platform.Machine
                : Platform.Parse(platform) ?? throw new FaultException(new Fault("not OS/ARCHITECTURE[/VARIANT]") { Field = "--platform", Value = platform, Hint = "for example linux/arm64/v8" }),
            Flat = arguments.Flag("flat"),
            Ephemeral = arguments.Flag("ephemeral"),
            Quiet = arguments.Flag("quiet"),
            Terminal = arguments.Flag("tty"),
        };
        foreach (string note in Unpacking.Run(request))
        {
            Log.Warning(note);
            if (!request.Quiet)
                Sys.WriteAll(Stderr, Sys.Bytes($"{new Fault(note).Text()}\n"));
        }

        return 0;
    }

    // A tag has no slash, and a directory may have a colon in its name.
    private static (string Layout, string? Tag) Split(string image)
    {
        int colon = image.LastIndexOf(':');
        if (colon <= 0 || colon < image.LastIndexOf('/') || colon == image.Length - 1
            || Host.Machine.At(Sys.Bytes(image)).IsDirectory)
            return (image, null);
        return (image[..colon], image[(colon + 1)..]);
    }

    private static string DefaultStore() => Store.DefaultPath(
        Sys.geteuid() == 0 && !Host.Machine.InUserNamespace, Environment.GetEnvironmentVariable("XDG_DATA_HOME"), Environment.GetEnvironmentVariable("HOME"));
}
