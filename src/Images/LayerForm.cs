using System;
using OciRun.Kernel;

namespace OciRun.Images;

/// <summary>What this process may do and how overlayfs will read a layer (docs/layers.md, "Who mounts, and with which rights").</summary>
/// <param name="OwnsAll">Owners can be set: root, also of a user namespace.</param>
/// <param name="IsUser">Attributes <c>user.overlay.*</c> instead of <c>trusted.overlay.*</c>, which are root's of the machine.</param>
internal readonly record struct LayerForm(bool OwnsAll, bool IsUser)
{
    public static LayerForm Own => new(Sys.geteuid() == 0, Sys.geteuid() != 0 || Host.Machine.InUserNamespace);

    /// <summary>The attribute that makes a directory hide what is below.</summary>
    public ReadOnlySpan<byte> Opaque => IsUser ? "user.overlay.opaque"u8 : "trusted.overlay.opaque"u8;
}
