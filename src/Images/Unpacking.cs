using System;
using System.Collections.Generic;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

/// <summary>What <c>unpack</c> was asked for; paths are absolute.</summary>
internal sealed record UnpackRequest
{
    /// <summary>Directory of the image layout.</summary>
    public required string Layout { get; init; }

    /// <summary>Null for the only image.</summary>
    public string? Tag { get; init; }

    public required string Bundle { get; init; }

    /// <summary>Directory of the store of layers.</summary>
    public required string Store { get; init; }

    public Platform Platform { get; init; } = Platform.Machine;

    /// <summary>One directory instead of layers.</summary>
    public bool Flat { get; init; }

    /// <summary>What the container writes is thrown away.</summary>
    public bool Ephemeral { get; init; }

    public bool Quiet { get; init; }

    public bool Terminal { get; init; }
}

/// <summary>From an image to a bundle. The bundle appears complete or not at all, and so does every layer in the store.</summary>
internal sealed partial class Unpacking : IDisposable
{
    private readonly UnpackRequest _request;
    private readonly LayerForm _form = LayerForm.Own;
    private readonly Losses _losses = new();
    private readonly Interruption _interruption = new();
    private readonly ImageLayout _layout;
    private readonly Manifest _manifest;
    private readonly ImageConfig _image;
    private readonly Progress _progress;
    private readonly List<string> _notes = [];

    private Unpacking(UnpackRequest request)
    {
        _request = request;
        _layout = ImageLayout.Open(request.Layout);
        try
        {
            _manifest = _layout.ReadManifest(_layout.Find(request.Tag, request.Platform));
            _image = _layout.ReadConfig(_manifest);
            long total = 0;
            foreach (Descriptor layer in _manifest.Layers)
            {
                // All that can be refused without work is refused before any is done.
                MediaType.IsGzip(layer);
                total = Math.Min(total, long.MaxValue - layer.Size) + layer.Size;
            }

            _progress = new Progress(!request.Quiet, _manifest.Layers.Length, total);
        }
        catch
        {
            _layout.Dispose();
            _interruption.Dispose();
            throw;
        }
    }

    /// <summary>Unpacks; returns what the caller has to know of what is not as in the image, one line each.</summary>
    /// <exception cref="FaultException">Nothing of the bundle is left; complete layers stay in the store.</exception>
    public static IReadOnlyList<string> Run(UnpackRequest request)
    {
        // Modes are those of the image, not those of the caller's mask.
        Sys.umask(0);
        using Unpacking unpacking = new(request);
        try
        {
            unpacking.Make();
        }
        catch (OutOfMemoryException)
        {
            // The heap has a fixed limit; names and times of directories are kept until a layer is complete.
            throw new FaultException(new Fault("a layer has more directories than can be kept in memory") { Field = "image", Value = request.Layout });
        }

        unpacking._notes.AddRange(unpacking._losses.Lines());
        return unpacking._notes;
    }

    public void Dispose()
    {
        _progress.Dispose();
        _layout.Dispose();
        _interruption.Dispose();
    }

    private void Make()
    {
        if (_image.Os is { IsEmpty: false } os && !os.Is("linux"u8))
            throw new FaultException(new Fault($"the image is for {os}") { Field = $"config {_manifest.Config.Digest}: os", Hint = "only images for linux can run here" });
        if (!_image.Architecture.IsEmpty && _image.Architecture.ToString() != Platform.Machine.Architecture)
            _notes.Add($"the image is for {_image.Architecture}, this machine is {Platform.Machine.Architecture}");
        BundleDirectory place = new(_request.Bundle);
        place.Check();
        using Fd parent = place.OpenParent();
        using PartialDirectory bundle = PartialDirectory.Begin(parent, place.PartialName, () =>
        {
            _interruption.Check();
            return false;
        })!;
        if (_request.Flat || _manifest.Layers.Length == 0)
            MakeFlat(bundle.Tree);
        else
            MakeLayered(bundle.Tree);
        _interruption.Check();
        place.Commit(bundle, parent);
    }

    private void WriteConfig(Tree bundle, LayerStack files, Pair[] annotations)
    {
        ImageUser user = ImageUser.Resolve(_image.User, files.ReadFile("/etc/passwd"), files.ReadFile("/etc/group"));
        List<string> leftOut = [];
        SpecChoices choices = BundleConfig.Convert(_image, user, leftOut);
        foreach (string key in leftOut)
            _notes.Add($"label {key} left out: runtimes take it for an order");
        // Root of a namespace with few ids is no better off: the group of terminals (5) is in the other config.
        bool rootless = !_form.OwnsAll || !Host.Machine.MapsIds(groups: true, 5, 1);
        if (rootless && (user.Uid | user.Gid | (uint)user.Groups.Length) != 0)
        {
            // One id is mapped, and the runtime needs it to be root's.
            _notes.Add($"user {user.Uid}:{user.Gid} is root in the container: an ordinary user has only one id there, which owns all files");
            choices = choices with { Uid = 0, Gid = 0, Groups = [] };
        }

        choices = choices with
        {
            IsRootless = rootless,
            HostUser = Sys.geteuid(),
            HostGroup = Sys.getegid(),
            Terminal = _request.Terminal,
            Env = _request.Terminal && !Array.Exists(choices.Env, static entry => entry.StartsWith("TERM="u8)) ? [.. choices.Env, "TERM=xterm"] : choices.Env,
            Annotations = [.. choices.Annotations, .. annotations],
        };
        using Fd file = new(Sys.openat(bundle.Root, "config.json"u8, Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL, 0x1a4 /* 0644 */));
        int result = file.Number < 0 ? file.Number : Sys.WriteAll(file.Number, SpecTemplate.Write(choices));
        if (result < 0)
            throw new FaultException(new Fault("cannot write config.json") { Field = "bundle", Value = _request.Bundle, Syscall = "write", Errno = -result });
    }

    // One layer's archive into a directory that nobody else sees.
    private Extraction Extract(int index, Tree tree, bool collects)
    {
        Descriptor descriptor = _manifest.Layers[index];
        Extraction extraction = new(tree, _form, _losses, collects);
        try
        {
            using BlobStream blob = _layout.OpenBlob(descriptor, read =>
            {
                _interruption.Check();
                _progress.Advance(read);
            });
            using LayerStream archive = new(blob, descriptor, _image.DiffIds[index]);
            string field = $"layer {descriptor.Digest}";
            extraction.Run(archive, field);
            try
            {
                archive.Finish();
            }
            catch (FaultException e) when (e.Fault.Field is null)
            {
                throw new FaultException(e.Fault with { Field = field });
            }

            return extraction;
        }
        catch
        {
            extraction.Dispose();
            throw;
        }
    }
}
